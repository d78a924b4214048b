"""What is removed by law or because its time is over: chosen, barred, taken out of every store."""
