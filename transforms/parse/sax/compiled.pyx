# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Reading a document while libxml2 parses it, without a tree: what ``transforms.parse.tree`` reads, by the same tables.

libxml2 is lxml's own. Its functions are looked up in the library of ``lxml.etree`` when this module is imported, so
nothing is linked, and no second libxml2 judges documents; ``transforms.parse.sax`` makes sure that it is the one whose
headers this was compiled with.

A ``Table`` is a ``Node`` in C, and never changes, so threads may share it. A ``_Parser`` is one document's at a time.
The GIL is held throughout, but for what putters in Python do.
"""

from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Realloc
from cpython.ref cimport PyObject
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint32_t
from libc.string cimport memcmp, memcpy, memset, strcmp

from transforms.parse import codes, values
from transforms.parse.layout import EMBEDDED
from transforms.parse.values import Reading

cdef extern from "libxml/parser.h":
    ctypedef unsigned char xmlChar
    ctypedef struct xmlError
    ctypedef struct xmlDoc
    ctypedef void (*start_t "startElementNsSAX2Func")(
        void*, const xmlChar*, const xmlChar*, const xmlChar*, int, const xmlChar**, int, int, const xmlChar**
    ) noexcept
    ctypedef void (*end_t "endElementNsSAX2Func")(void*, const xmlChar*, const xmlChar*, const xmlChar*) noexcept
    ctypedef void (*characters_t "charactersSAXFunc")(void*, const xmlChar*, int) noexcept
    ctypedef void (*subset_t "internalSubsetSAXFunc")(void*, const xmlChar*, const xmlChar*, const xmlChar*) noexcept
    ctypedef void (*error_t "xmlStructuredErrorFunc")(void*, const xmlError*) noexcept
    ctypedef struct xmlSAXHandler:
        start_t startElementNs
        end_t endElementNs
        characters_t characters
        characters_t ignorableWhitespace
        characters_t cdataBlock
        subset_t internalSubset
        error_t serror
        unsigned int initialized
    ctypedef struct xmlParserCtxt:
        xmlSAXHandler* sax
        void* userData
        int wellFormed
        int nsWellFormed
    unsigned int XML_SAX2_MAGIC
    int XML_PARSE_NOENT
    int XML_PARSE_NONET

cdef extern from "libxml/xmlversion.h":
    const char* LIBXML_DOTTED_VERSION

cdef extern from "dlfcn.h":
    void* dlopen(const char*, int)
    void* dlsym(void*, const char*)
    int RTLD_NOW

LIBXML2 = LIBXML_DOTTED_VERSION.decode()

cdef xmlParserCtxt* (*_new_context)() noexcept
cdef void (*_free_context)(xmlParserCtxt*) noexcept
cdef xmlDoc* (*_parse)(xmlParserCtxt*, const char*, int, const char*, const char*, int) noexcept


def attach(str library not None):
    """Finds libxml2's functions in ``lxml.etree``, the file ``library``; raises ImportError where it shows none."""
    global _new_context, _free_context, _parse
    cdef void* handle = dlopen(library.encode(), RTLD_NOW)
    if handle is NULL:
        raise ImportError(f"{library} cannot be opened")
    cdef void* new = dlsym(handle, "xmlNewParserCtxt")
    cdef void* free = dlsym(handle, "xmlFreeParserCtxt")
    cdef void* parse = dlsym(handle, "xmlCtxtReadMemory")
    if new is NULL or free is NULL or parse is NULL:
        raise ImportError(f"{library} does not show libxml2's functions")
    _new_context = <xmlParserCtxt* (*)() noexcept>new
    _free_context = <void (*)(xmlParserCtxt*) noexcept>free
    _parse = <xmlDoc* (*)(xmlParserCtxt*, const char*, int, const char*, const char*, int) noexcept>parse


# What is done with a text in C. Any other putter is called.
cdef enum How:
    TEXT
    AMOUNT
    QUANTITY
    INTEGER
    INSTANT
    TAX_ID
    CALL

cdef dict _HOW = {
    None: TEXT,
    values.put_amount: AMOUNT,
    values.put_quantity: QUANTITY,
    values.put_integer: INTEGER,
    values.put_instant: INSTANT,
    values.put_cnpj: TAX_ID,
    values.put_cpf: TAX_ID,
    values.put_tax_id: TAX_ID,
}
cdef dict _TYPES = {values.put_cnpj: "CNPJ", values.put_cpf: "CPF"}


# Where the children of a name are: ``place`` counts leaves, then nodes.
cdef struct Slot:
    const char* name
    Py_ssize_t length
    int place


# ``place``: of the leaf; ``name``: of the attribute. ``kind`` is put into ``kind_column`` where a tax id has a type.
cdef struct Column:
    How how
    int place
    const char* name
    PyObject* column
    PyObject* put
    PyObject* kind
    PyObject* kind_column


cdef class Table:
    """What is wanted below one element: names of children to their places, columns in their order, inner tables."""

    cdef list _kept
    cdef Slot* slots
    cdef uint32_t mask
    cdef Column* columns
    cdef int column_count
    cdef Column* attributes
    cdef int attribute_count
    cdef int leaf_count
    cdef int size
    cdef PyObject** nodes
    cdef Table any
    cdef bint repeats
    cdef str many
    cdef str part
    # Of this element and what is below it at most: levels, and places.
    cdef int levels
    cdef int places

    def __cinit__(self, node not None):
        self._kept = []
        self.repeats, self.many, self.part = node.repeats, node.many, node.part
        self.any = None if node.any is None else Table(node.any)
        leaves = sorted(node.leaves)
        names = leaves + [name for name in node.nodes if name not in node.leaves]
        inner = [Table(node.nodes[name]) for name in names[len(leaves):]]
        self._kept.append(inner)
        self.leaf_count, self.size = len(leaves), len(names)
        below = inner if self.any is None else [*inner, self.any]
        self.levels = 1 + max([(<Table>table).levels for table in below], default=0)
        self.places = self.size + max([(<Table>table).places for table in below], default=0)
        self.nodes = <PyObject**>_zeros(len(inner), sizeof(PyObject*))
        for place, table in enumerate(inner):
            self.nodes[place] = <PyObject*>table
        self._index(names)
        self.column_count, self.attribute_count = len(node.columns), len(node.attributes)
        self.columns = self._compiled(node.columns, {name: place for place, name in enumerate(leaves)})
        self.attributes = self._compiled(node.attributes, {})

    def __dealloc__(self):
        PyMem_Free(self.slots)
        PyMem_Free(self.columns)
        PyMem_Free(self.attributes)
        PyMem_Free(self.nodes)

    cdef int _index(self, list names) except -1:
        cdef uint32_t at
        cdef bytes name
        size = 4
        while size < 2 * len(names):
            size *= 2
        self.mask = size - 1
        self.slots = <Slot*>_zeros(size, sizeof(Slot))
        for place, text in enumerate(names):
            name = text.encode()
            self._kept.append(name)
            at = 0
            for byte in name:
                at = at * 33 ^ <uint32_t>byte
            at &= self.mask
            while self.slots[at].name is not NULL:
                at = (at + 1) & self.mask
            self.slots[at] = Slot(name, len(name), place)
        return 0

    cdef Column* _compiled(self, leaves, places) except NULL:
        cdef bytes name
        cdef Column* columns = <Column*>_zeros(len(leaves), sizeof(Column))
        for i, (text, column, put) in enumerate(leaves):
            name = text.encode()
            kind, kind_column = _TYPES.get(put), column + "_type"
            self._kept.append((name, column, put, kind, kind_column))
            columns[i].how = _HOW.get(put, CALL)
            columns[i].place = places.get(text, 0)
            columns[i].name = name
            columns[i].column, columns[i].put = <PyObject*>column, <PyObject*>put
            columns[i].kind = NULL if kind is None else <PyObject*>kind
            columns[i].kind_column = <PyObject*>kind_column
        return columns

    cdef int place_of(self, const char* name) noexcept:
        """Place of a child by its local name, which is behind the last colon; -1 for all that the table has not."""
        cdef const char* end = name
        cdef uint32_t at = 0
        cdef Slot* slot
        while end[0]:
            if end[0] == c":":
                at = 0
                name = end + 1
            else:
                at = at * 33 ^ <unsigned char>end[0]
            end += 1
        at &= self.mask
        while True:
            slot = &self.slots[at]
            if slot.name is NULL:
                return -1
            if slot.length == end - name and memcmp(slot.name, name, end - name) == 0:
                return slot.place
            at = (at + 1) & self.mask


# Where a text is among those kept; ``start`` is -1 before the name is seen.
cdef struct Text:
    Py_ssize_t start
    Py_ssize_t end


# An element that is open and has a table. ``found`` is what was seen of each place, ``kept``: texts of those around it.
cdef struct Open:
    PyObject* table
    PyObject* target
    Text* found
    Py_ssize_t kept


cdef class _Parser:
    """libxml2's parser with handlers of ours, and what was read so far of the document that it is at."""

    cdef xmlParserCtxt* context
    cdef Table root
    cdef object reading
    cdef dict instants
    cdef object error
    cdef bint is_odd
    cdef Open* open
    cdef int depth
    cdef int levels
    cdef Text* found
    cdef int places
    # Elements that nobody wants, inside one another, that are open.
    cdef int skipped
    # The leaf that is open, and whether its text still goes on.
    cdef Text* leaf
    cdef bint is_text
    cdef char* texts
    cdef Py_ssize_t used
    cdef Py_ssize_t room
    cdef int documents

    def __cinit__(self):
        cdef xmlSAXHandler* sax
        self.context = _new_context()
        if self.context is NULL:
            raise MemoryError
        sax = self.context.sax
        memset(sax, 0, sizeof(xmlSAXHandler))
        sax.initialized = XML_SAX2_MAGIC
        sax.startElementNs = _start
        sax.endElementNs = _end
        sax.characters = sax.ignorableWhitespace = sax.cdataBlock = _characters
        sax.internalSubset = _subset
        sax.serror = _ignore
        self.context.userData = <void*>self

    def __dealloc__(self):
        if self.context is not NULL:
            _free_context(self.context)
        PyMem_Free(self.open)
        PyMem_Free(self.found)
        PyMem_Free(self.texts)

    cdef object read(self, bytes data, Table table):
        cdef xmlDoc* document
        self._make_room(table)
        self.root, self.reading = table, Reading()
        self.instants = self.reading.instants
        self.error, self.is_odd = None, False
        self.depth = self.skipped = 0
        self.used = 0
        self.leaf = NULL
        self.is_text = False
        self.documents += 1
        document = _parse(self.context, data, len(data), NULL, "UTF-8", XML_PARSE_NOENT | XML_PARSE_NONET)
        reading, error = self.reading, self.error
        self.reading = self.instants = self.error = None
        if error is not None:
            raise error
        if self.is_odd or document is not NULL or not self.context.wellFormed or not self.context.nsWellFormed:
            return None
        return reading

    cdef int _make_room(self, Table table) except -1:
        if self.levels < table.levels:
            self.open = <Open*>_more(self.open, table.levels * sizeof(Open))
            self.levels = table.levels
        if self.places < table.places:
            self.found = <Text*>_more(self.found, table.places * sizeof(Text))
            self.places = table.places
        return 0

    cdef int enter(
        self, Table table, dict target, Text* found, const xmlChar* namespace, int count, const xmlChar** attributes
    ) except -1:
        """An element that has a table begins."""
        cdef int i
        if table.part is not None:
            self.reading.parts.add(table.part)
            if table.part != EMBEDDED:
                self.reading.namespaces.add(_namespace(namespace))
        if table.many is not None:
            entry = {}
            many = target.get(table.many)
            if many is None:
                many = target[table.many] = []
            (<list>many).append(entry)
            target = entry
        for i in range(table.attribute_count):
            self._put_attribute(&table.attributes[i], target, count, attributes)
        for i in range(table.size):
            found[i].start = -1
        self.open[self.depth] = Open(<PyObject*>table, <PyObject*>target, found, self.used)
        self.depth += 1
        return 0

    cdef int _put_attribute(self, Column* wanted, dict target, int count, const xmlChar** attributes) except -1:
        cdef int i
        cdef const char* name
        for i in range(count):
            name = <const char*>attributes[0]
            # Without a prefix.
            if attributes[1] is NULL and strcmp(name, wanted.name) == 0:
                return self.put(<const char*>attributes[3], attributes[4] - attributes[3], wanted, target)
            attributes += 5
        return 0

    cdef int child(
        self, const xmlChar* name, const xmlChar* namespace, int count, const xmlChar** attributes
    ) except -1:
        """A child begins of the innermost element that has a table."""
        cdef Open* around = &self.open[self.depth - 1]
        cdef Table table = <Table>around.table
        cdef Table inner
        cdef int place = table.place_of(<const char*>name)
        if place < 0:
            inner = table.any
        elif place < table.leaf_count:
            if around.found[place].start < 0:
                self.leaf = &around.found[place]
                self.leaf.start = self.leaf.end = self.used
                self.is_text = True
                return 0
            inner = None
        else:
            inner = <Table>table.nodes[place - table.leaf_count]
            if around.found[place].start < 0:
                around.found[place].start = 0
            elif not inner.repeats:
                if table.many is None:
                    self.reading.findings.add(codes.REPEATED_ELEMENT)
                inner = None
            around.found[place].end = 0
        if inner is None:
            self.skipped = 1
            return 0
        return self.enter(inner, <dict>around.target, around.found + table.size, namespace, count, attributes)

    cdef int leave(self) except -1:
        """The innermost element that has a table ends."""
        cdef Open* ended
        cdef Table table
        cdef Column* wanted
        cdef Text* text
        cdef int i
        self.depth -= 1
        ended = &self.open[self.depth]
        table = <Table>ended.table
        for i in range(table.column_count):
            wanted = &table.columns[i]
            text = &ended.found[wanted.place]
            if text.start >= 0 and text.end > text.start:
                self.put(self.texts + text.start, text.end - text.start, wanted, <dict>ended.target)
        self.used = ended.kept
        return 0

    cdef int keep(self, const xmlChar* text, Py_ssize_t length) except -1:
        if self.used + length > self.room:
            self.texts = <char*>_more(self.texts, 2 * (self.used + length))
            self.room = 2 * (self.used + length)
        memcpy(self.texts + self.used, text, length)
        self.used += length
        self.leaf.end = self.used
        return 0

    cdef int put(self, const char* text, Py_ssize_t length, Column* wanted, dict target) except -1:
        """Puts a text, without the blanks around it, where it is wanted."""
        cdef How how = wanted.how
        cdef bint is_plain
        while length and _is_blank(text[0]):
            text += 1
            length -= 1
        while length and _is_blank(text[length - 1]):
            length -= 1
        if not length:
            return 0
        column = <object>wanted.column
        # Blanks there are outside ASCII too, and str.strip knows them.
        if <unsigned char>text[0] < 128 and <unsigned char>text[length - 1] < 128 and how != CALL:
            if how == TEXT or how == AMOUNT and _is_decimal(text, length, 18, 9) or (
                how == QUANTITY and _is_decimal(text, length, 38, 38)
            ):
                target[column] = PyUnicode_DecodeUTF8(text, length, NULL)
                return 0
            if how == INTEGER and length <= 18 and _digits(text, length) == length:
                target[column] = _integer(text, length)
                return 0
            if how == INSTANT:
                self.instants[column] = PyUnicode_DecodeUTF8(text, length, NULL)
                return 0
            if how == TAX_ID and _digits(text, length) == length:
                target[column] = PyUnicode_DecodeUTF8(text, length, NULL)
                if wanted.kind is not NULL:
                    target[<object>wanted.kind_column] = <object>wanted.kind
                return 0
        stripped = PyUnicode_DecodeUTF8(text, length, NULL).strip()
        if not stripped:
            return 0
        if how == TEXT:
            target[column] = stripped
        else:
            (<object>wanted.put)(target, column, stripped, self.reading)
        return 0


cdef void _start(
    void* state, const xmlChar* name, const xmlChar* prefix, const xmlChar* namespace, int declared,
    const xmlChar** declarations, int count, int defaulted, const xmlChar** attributes
) noexcept:
    cdef _Parser parser = <_Parser>state
    if parser.skipped:
        parser.skipped += 1
        # Where libxml2's limit of depth is near, its tree tells.
        if parser.skipped > 128:
            parser.is_odd = True
    elif parser.leaf is not NULL:
        parser.is_text = False
        parser.skipped = 1
    elif parser.error is None:
        try:
            if parser.depth:
                parser.child(name, namespace, count, attributes)
            else:
                parser.enter(parser.root, parser.reading.fields, parser.found, namespace, count, attributes)
        except BaseException as error:
            parser.error = error


cdef void _end(void* state, const xmlChar* name, const xmlChar* prefix, const xmlChar* namespace) noexcept:
    cdef _Parser parser = <_Parser>state
    if parser.skipped:
        parser.skipped -= 1
    elif parser.leaf is not NULL:
        parser.leaf = NULL
        parser.is_text = False
    elif parser.depth and parser.error is None:
        try:
            parser.leave()
        except BaseException as error:
            parser.error = error


cdef void _characters(void* state, const xmlChar* text, int length) noexcept:
    cdef _Parser parser = <_Parser>state
    if parser.is_text and parser.error is None:
        try:
            parser.keep(text, length)
        except BaseException as error:
            parser.error = error


cdef void _subset(void* state, const xmlChar* name, const xmlChar* public, const xmlChar* system) noexcept:
    (<_Parser>state).is_odd = True


cdef void _ignore(void* state, const xmlError* error) noexcept:
    pass


# Parsers at rest. libxml2 keeps the names that a parser has met, so none is kept for ever.
cdef list _idle = []
cdef int _LIFE = 1000


def read(bytes data not None, Table table not None):
    """What the tree reads of a document in UTF-8 whose root ``table`` is for; None where only the tree tells."""
    cdef _Parser parser = <_Parser>_idle.pop() if _idle else _Parser()
    reading = parser.read(data, table)
    if parser.documents < _LIFE:
        _idle.append(parser)
    return reading


cdef void* _zeros(size_t count, size_t size) except NULL:
    cdef void* memory = PyMem_Calloc(count or 1, size)
    if memory is NULL:
        raise MemoryError
    return memory


cdef void* _more(void* memory, size_t size) except NULL:
    cdef void* larger = PyMem_Realloc(memory, size)
    if larger is NULL:
        raise MemoryError
    return larger


cdef str _namespace(const xmlChar* name):
    return "" if name is NULL else (<const char*>name).decode().partition("}")[0]


cdef inline bint _is_blank(char byte) noexcept:
    return byte == c" " or byte == c"\n" or byte == c"\t" or byte == c"\r"


cdef inline Py_ssize_t _digits(const char* text, Py_ssize_t length) noexcept:
    """How many digits the text begins with."""
    cdef Py_ssize_t count = 0
    while count < length and c"0" <= text[count] <= c"9":
        count += 1
    return count


cdef bint _is_decimal(const char* text, Py_ssize_t length, Py_ssize_t before, Py_ssize_t after) noexcept:
    """Whether it has one to ``before`` digits and, behind a point, if there is one, one to ``after``."""
    cdef Py_ssize_t whole
    cdef Py_ssize_t decimals
    if text[0] == c"-":
        text += 1
        length -= 1
    whole = _digits(text, length)
    if whole == 0 or whole > before:
        return False
    if whole == length:
        return True
    if text[whole] != c".":
        return False
    decimals = _digits(text + whole + 1, length - whole - 1)
    return 0 < decimals <= after and whole + 1 + decimals == length


cdef object _integer(const char* text, Py_ssize_t length):
    cdef long long value = 0
    cdef Py_ssize_t i
    for i in range(length):
        value = value * 10 + (text[i] - c"0")
    return value
