// A consumer of --kafka_changes_topic: of each access key the change of the highest revision, whatever comes twice or late.
//   java -cp '<kafka-clients and slf4j-api>/*' LatestChange.java BROKER TOPIC
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.serialization.StringDeserializer;

class LatestChange {
    public static void main(String[] args) {
        var settings = new HashMap<String, Object>(Map.of(
            "bootstrap.servers", args[0], "group.id", "latest-change", "auto.offset.reset", "earliest"));
        var latest = new TreeMap<String, Map.Entry<Long, String>>();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(args[1]));
            for (int quiet = 0; quiet < 5; ) { // a service goes on for ever, and writes each newer change to its table
                var records = consumer.poll(Duration.ofSeconds(1));
                quiet = records.isEmpty() ? quiet + 1 : 0;
                for (var record : records) {
                    long revision = Long.parseLong(new String(record.headers().lastHeader("revision").value()));
                    latest.merge(record.key(), Map.entry(revision, record.value()),
                        (known, next) -> next.getKey() > known.getKey() ? next : known);
                }
            }
        }
        latest.forEach((key, change) -> System.out.println(key + " " + change.getKey() + " " + change.getValue()));
    }
}
