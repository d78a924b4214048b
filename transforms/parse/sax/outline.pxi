# What is in an envelope, told to an object in Python: its entries, and leaves whose text may matter.

cdef extern from "string.h":
    void* memmem(const void*, size_t, const void*, size_t) noexcept

# A parser at rest keeps no more of a text than this (bytes).
cdef enum:
    _MAX_ROOM = 1 << 20


# An element around the entries that is open; ``spaces``: how many namespaces are declared on those around it.
cdef struct Around:
    const xmlChar* name
    Py_ssize_t start
    int spaces


cdef class _Outliner(_Handler):
    """libxml2's parser at an envelope of which a Python object is told."""

    cdef object to
    cdef object is_entry
    cdef frozenset leaves
    cdef bytes mark
    # How many more elements there may be around entries.
    cdef int left
    cdef bint is_shallow
    cdef Around around[_MAX_DEPTH]
    cdef int depth
    # Prefixes and namespaces by turns, of all open elements.
    cdef const xmlChar** spaces
    cdef int declared
    cdef int room_of_spaces
    # Elements that are open, of one that is skipped: an entry, if it has a name.
    cdef int skipped
    cdef str entry
    cdef Py_ssize_t start
    cdef dict inherited
    # The innermost element has had no child, and this text and attribute so far.
    cdef bint is_leaf
    cdef object nsu
    cdef char* text
    cdef Py_ssize_t used
    cdef Py_ssize_t room

    def __cinit__(self):
        self.context = _context(<void*>self, _outline_start, _outline_end, _outline_text)

    def __dealloc__(self):
        PyMem_Free(self.spaces)
        PyMem_Free(self.text)

    cdef bint run(self, bytes data, to, int limit, bint is_shallow) except? -1:
        self.to, self.is_entry, self.leaves, self.mark = to, to.is_entry, to.leaves, to.mark
        self.left, self.is_shallow = limit, is_shallow
        self.depth = self.declared = self.skipped = 0
        self.is_leaf = False
        self.entry = None
        self.used = 0
        self.parse(data)
        error = self.error
        self.to = self.is_entry = self.leaves = self.mark = self.inherited = self.nsu = self.error = None
        if self.room > _MAX_ROOM:
            PyMem_Free(self.text)
            self.text, self.room = NULL, 0
        if error is not None and not self.is_odd:
            raise error
        return not self.is_odd

    cdef int starts(
        self, const xmlChar* name, const xmlChar* namespace, int declared, const xmlChar** declarations, int count,
        const xmlChar** attributes
    ) except -1:
        cdef str local = (<const char*>name).decode()
        cdef Around* opened
        self.is_leaf = False
        if self.depth and self.is_entry(local):
            self.entry, self.start = local, self.starts_at()
            self.inherited = self.namespaces(self.declared, declared, declarations)
            self.skipped = 1
            return 0
        self.left -= 1
        if self.left < 0:
            self.to.exceeds(False)
        if self.depth and self.is_shallow:
            self.skipped = 1
            return 0
        if self.depth == _MAX_DEPTH:
            self.is_odd = True
            return 0
        if not self.depth:
            self.to.root(local, "" if namespace is NULL else (<const char*>namespace).decode())
        opened = &self.around[self.depth]
        opened.name, opened.start, opened.spaces = name, self.starts_at(), self.declared
        self.depth += 1
        self.declare(declared, declarations)
        self.nsu = _attribute_of(b"NSU", count, attributes) if count else None
        self.is_leaf = not self.is_shallow
        self.used = 0
        return 0

    cdef int ends(self) except -1:
        cdef Around* ended
        cdef str local
        if self.skipped:
            if self.entry is not None:
                local, self.entry = self.entry, None
                self.to.entry(local, self.start, self.ends_at(), self.inherited)
            self.skipped = 0
            return 0
        self.depth -= 1
        ended = &self.around[self.depth]
        if self.is_leaf:
            local = (<const char*>ended.name).decode()
            if local in self.leaves or self.is_marked():
                self.to.leaf(
                    local, ended.start, self.ends_at(),
                    self.namespaces(ended.spaces, (self.declared - ended.spaces) // 2, self.spaces + ended.spaces),
                    PyUnicode_DecodeUTF8(self.text, self.used, NULL), self.nsu,
                )
        self.is_leaf = False
        self.declared = ended.spaces
        return 0

    cdef Py_ssize_t starts_at(self) noexcept:
        """Where the element begins whose start is told. Inside a start tag no other < can be."""
        cdef xmlParserInput* input = self.context.input
        cdef const xmlChar* start = input.cur
        while start > input.base and start[0] != c"<":
            start -= 1
        return input.consumed + (start - input.base)

    cdef Py_ssize_t ends_at(self) noexcept:
        return self.context.input.consumed + (self.context.input.cur - self.context.input.base)

    cdef int declare(self, int count, const xmlChar** declarations) except -1:
        if self.declared + 2 * count > self.room_of_spaces:
            self.room_of_spaces = 2 * (self.declared + 2 * count)
            self.spaces = <const xmlChar**>_more(self.spaces, self.room_of_spaces * sizeof(xmlChar*))
        memcpy(self.spaces + self.declared, declarations, 2 * count * sizeof(xmlChar*))
        self.declared += 2 * count
        if self.declared > 2 * MAX_NAMESPACES:
            # Some may be declared again.
            self.is_odd = True
        return 0

    cdef dict namespaces(self, int around, int count, const xmlChar** own):
        """Those of the first ``around``, prefixes and namespaces, that an element does not declare of its ``own``."""
        cdef dict found = {}
        cdef int i
        for i in range(0, around, 2):
            found[_declaration(self.spaces[i])] = _uri(self.spaces[i + 1])
        for i in range(count if around else 0):
            found.pop(_declaration(own[2 * i]), None)
        return found

    cdef int keep(self, const xmlChar* text, Py_ssize_t length) except -1:
        if self.used + length > self.room:
            self.room = 2 * (self.used + length)
            self.text = <char*>_more(self.text, self.room)
        memcpy(self.text + self.used, text, length)
        self.used += length
        return 0

    cdef bint is_marked(self) noexcept:
        """Whether a document may be in the text: markup, or the mark of a compressed one."""
        return self.used and (
            memchr(self.text, c"<", self.used) is not NULL
            or memmem(self.text, self.used, <const char*>self.mark, len(self.mark)) is not NULL
        )


cdef str _declaration(const xmlChar* prefix):
    return "xmlns" if prefix is NULL else "xmlns:" + (<const char*>prefix).decode()


cdef str _uri(const xmlChar* uri):
    return "" if uri is NULL else (<const char*>uri).decode()


cdef object _attribute_of(const char* name, int count, const xmlChar** attributes):
    """Value of an attribute without a prefix, or None."""
    cdef int i
    for i in range(count):
        if attributes[1] is NULL and strcmp(<const char*>attributes[0], name) == 0:
            return PyUnicode_DecodeUTF8(<const char*>attributes[3], attributes[4] - attributes[3], NULL)
        attributes += 5
    return None


cdef void _outline_start(
    void* state, const xmlChar* name, const xmlChar* prefix, const xmlChar* namespace, int declared,
    const xmlChar** declarations, int count, int defaulted, const xmlChar** attributes
) noexcept:
    cdef _Outliner outliner = <_Outliner>state
    if outliner.skipped:
        outliner.skipped += 1
        if outliner.skipped > _MAX_DEPTH:
            outliner.is_odd = True
    elif outliner.error is None and not outliner.is_odd:
        try:
            outliner.starts(name, namespace, declared, declarations, count, attributes)
        except BaseException as error:
            outliner.error = error


cdef void _outline_end(void* state, const xmlChar* name, const xmlChar* prefix, const xmlChar* namespace) noexcept:
    cdef _Outliner outliner = <_Outliner>state
    if outliner.skipped > 1:
        outliner.skipped -= 1
    elif outliner.error is None and not outliner.is_odd:
        try:
            outliner.ends()
        except BaseException as error:
            outliner.error = error


cdef void _outline_text(void* state, const xmlChar* text, int length) noexcept:
    cdef _Outliner outliner = <_Outliner>state
    if outliner.is_leaf and outliner.error is None and not outliner.is_odd:
        try:
            outliner.keep(text, length)
        except BaseException as error:
            outliner.error = error


cdef list _idle_outliners = []


def outline(bytes data not None, to not None, int limit, bint is_shallow=False):
    """Tells ``to`` what is in an envelope in UTF-8; False where it is to be read in another way."""
    cdef _Outliner outliner = <_Outliner>_idle_outliners.pop() if _idle_outliners else _Outliner()
    done = outliner.run(data, to, limit, is_shallow)
    if outliner.documents < _LIFE:
        _idle_outliners.append(outliner)
    return done
