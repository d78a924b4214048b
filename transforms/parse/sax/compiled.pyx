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
from libc.string cimport memchr, memcmp, memcpy, memset, strcmp

from transforms.parse import codes, values
from transforms.parse.layout import EMBEDDED
from transforms.parse.outline import MAX_NAMESPACES
from transforms.parse.values import Reading

include "libxml2.pxi"
include "tables.pxi"
include "texts.pxi"
include "outline.pxi"


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


cdef class _Parser(_Handler):
    """libxml2's parser with handlers of ours, and what was read so far of the document that it is at."""

    cdef Table root
    cdef object reading
    cdef dict instants
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

    def __cinit__(self):
        self.context = _context(<void*>self, _start, _end, _characters)

    def __dealloc__(self):
        PyMem_Free(self.open)
        PyMem_Free(self.found)
        PyMem_Free(self.texts)

    cdef object read(self, bytes data, Table table):
        self._make_room(table)
        self.root, self.reading = table, Reading()
        self.instants = self.reading.instants
        self.depth = self.skipped = 0
        self.used = 0
        self.leaf = NULL
        self.is_text = False
        self.parse(data)
        reading, error = self.reading, self.error
        self.reading = self.instants = self.error = None
        if error is not None and not self.is_odd:
            raise error
        return None if self.is_odd else reading

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
            many = target.get(table.many)
            if many is None:
                many = target[table.many] = []
            entry = {} if table.new is None else table.new(_namespace(namespace), len(<list>many))
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
        if parser.skipped > _MAX_DEPTH:
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


cdef str _namespace(const xmlChar* name):
    return "" if name is NULL else (<const char*>name).decode().partition("}")[0]


cdef list _idle = []


def read(bytes data not None, Table table not None):
    """What the tree reads of a document in UTF-8 whose root ``table`` is for; None where only the tree tells."""
    cdef _Parser parser = <_Parser>_idle.pop() if _idle else _Parser()
    reading = parser.read(data, table)
    if parser.documents < _LIFE:
        _idle.append(parser)
    return reading
