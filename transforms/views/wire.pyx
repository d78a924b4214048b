# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Rows to the bytes of their protobuf messages, compiled: those whose values are all of the usual kind.

Of any other row None is given, and ``transforms.views.encode`` encodes it by protobuf, or says what is wrong with it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memmove

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1

# How a value is written. CONVERTED: as the number that a function in Python makes of it.
cdef enum How:
    TEXT
    BYTES
    INTEGER
    BOOLEAN
    NUMERIC
    CONVERTED
    RECORD

cdef dict _HOW = {
    "STRING": TEXT, "JSON": TEXT, "BYTES": BYTES, "INTEGER": INTEGER, "BOOLEAN": BOOLEAN, "NUMERIC": NUMERIC,
    "BIGNUMERIC": NUMERIC, "DATE": CONVERTED, "TIMESTAMP": CONVERTED, "RECORD": RECORD,
}

cdef enum:
    _VARINT = 0
    _LENGTH = 2
    # The most bytes of a varint of 64 bits, and of a tag.
    _MOST = 10


cdef class _Field:
    """A column: its tag, and how its values are written."""

    cdef uint64_t tag
    cdef How how
    cdef bint repeated
    cdef int integers
    cdef int decimals
    cdef object convert
    cdef Wire inner


cdef class _Buffer:
    """Bytes of a row while they are written."""

    cdef char* start
    cdef Py_ssize_t used
    cdef Py_ssize_t room

    def __cinit__(self):
        self.room = 4096
        self.start = <char*>PyMem_Malloc(self.room)
        if self.start is NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.start)

    cdef int make_room(self, Py_ssize_t size) except -1:
        cdef char* moved
        if self.used + size > self.room:
            moved = <char*>PyMem_Realloc(self.start, 2 * (self.used + size))
            if moved is NULL:
                raise MemoryError
            self.start, self.room = moved, 2 * (self.used + size)
        return 0

    cdef inline void varint(self, uint64_t number) noexcept:
        while number >= 128:
            self.start[self.used] = <char>(number & 127 | 128)
            self.used += 1
            number >>= 7
        self.start[self.used] = <char>number
        self.used += 1

    cdef int number(self, uint64_t tag, int64_t value) except -1:
        self.make_room(2 * _MOST)
        self.varint(tag)
        self.varint(<uint64_t>value)
        return 0

    cdef int data(self, uint64_t tag, const char* data, Py_ssize_t size) except -1:
        self.make_room(2 * _MOST + size)
        self.varint(tag)
        self.varint(size)
        memcpy(self.start + self.used, data, size)
        self.used += size
        return 0

    cdef int close(self, Py_ssize_t start) except -1:
        """Writes the length of what was written since ``start`` in front of it."""
        cdef Py_ssize_t size = self.used - start
        cdef Py_ssize_t shift = 1
        while size >> (7 * shift):
            shift += 1
        self.make_room(shift)
        memmove(self.start + start + shift, self.start + start, size)
        self.used = start
        self.varint(size)
        self.used += size
        return 0


cdef class Wire:
    """Encodes rows with these columns."""

    cdef dict fields
    cdef frozenset required

    def __init__(self, columns, converters, digits):
        """``converters``: what makes a number of a value, by type; ``digits``: places before and after the point, by
        type."""
        cdef _Field field
        self.fields = {}
        self.required = frozenset(column.name for column in columns if column.mode == "REQUIRED")
        for number, column in enumerate(columns, 1):
            field = _Field()
            field.how = _HOW[column.type]
            field.repeated = column.mode == "REPEATED"
            is_number = field.how in (INTEGER, BOOLEAN, CONVERTED)
            field.tag = number << 3 | (_VARINT if is_number else _LENGTH)
            field.integers, field.decimals = digits.get(column.type, (0, 0))
            field.convert = converters.get(column.type)
            field.inner = Wire(column.fields, converters, digits) if field.how == RECORD else None
            self.fields[column.name] = field

    def encode(self, dict row not None):
        """The row's message; None where it is to be encoded in another way."""
        cdef _Buffer buffer = _Buffer()
        for name in self.required:
            if row.get(name) is None:
                return None
        try:
            if not self.write(buffer, row):
                return None
        except (TypeError, ValueError, AttributeError, OverflowError):
            return None
        return PyBytes_FromStringAndSize(buffer.start, buffer.used)

    cdef bint write(self, _Buffer buffer, dict row) except -1:
        cdef _Field field
        for name, value in row.items():
            if value is None:
                continue
            found = self.fields.get(name)
            if found is None:
                return False
            field = <_Field>found
            if not field.repeated:
                if field.how == RECORD or not _write(buffer, field, value):
                    return False
            elif type(value) is list or type(value) is tuple:
                for one in value:
                    if not _write(buffer, field, one):
                        return False
            else:
                return False
        return True


cdef bint _write(_Buffer buffer, _Field field, object value) except -1:
    """Whether the value is of the usual kind; then it is written."""
    cdef const char* text
    cdef Py_ssize_t size, start
    cdef int overflow = 0
    cdef int64_t number
    if field.how == TEXT or field.how == NUMERIC:
        if type(value) is not str:
            return False
        text = PyUnicode_AsUTF8AndSize(value, &size)
        if field.how == NUMERIC and not _is_usual(text, size, field.integers, field.decimals):
            return False
        buffer.data(field.tag, text, size)
    elif field.how == RECORD:
        if type(value) is not dict:
            return False
        buffer.make_room(_MOST)
        buffer.varint(field.tag)
        start = buffer.used
        if not field.inner.write(buffer, <dict>value):
            return False
        buffer.close(start)
    elif field.how == BYTES:
        if type(value) is not bytes:
            return False
        buffer.data(field.tag, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
    elif field.how == BOOLEAN:
        if type(value) is not bool:
            return False
        buffer.number(field.tag, value is True)
    else:
        if field.how == CONVERTED:
            value = field.convert(value)
        if type(value) is not int:
            return False
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            return False
        buffer.number(field.tag, number)
    return True


cdef bint _is_usual(const char* text, Py_ssize_t size, int integers, int decimals) noexcept:
    """Whether it is a decimal number of no more digits than these on either side of the point."""
    cdef Py_ssize_t at = 0, first
    if at < size and text[at] == c"-":
        at += 1
    first = at
    while at < size and c"0" <= text[at] <= c"9":
        at += 1
    if at == first or at - first > integers:
        return False
    if at == size:
        return True
    if text[at] != c".":
        return False
    first = at + 1
    at = first
    while at < size and c"0" <= text[at] <= c"9":
        at += 1
    return at == size and 0 < at - first <= decimals
