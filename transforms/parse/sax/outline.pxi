# What is in a document, told to an object in Python.

cdef class _Outliner(_Handler):
    """libxml2's parser at a document of which a Python object is told."""

    cdef object to
    cdef frozenset names
    # Elements that are open: those that are told, or may contain such, and those inside one that is skipped.
    cdef bint told[_MAX_DEPTH]
    cdef int depth
    cdef int skipped

    def __cinit__(self):
        self.context = _context(<void*>self, _outline_start, _outline_end, _outline_text)

    cdef bint run(self, bytes data, to, frozenset names) except? -1:
        self.to, self.names = to, names
        self.depth = self.skipped = 0
        self.parse(data)
        error = self.error
        self.to = self.names = self.error = None
        if error is not None and not self.is_odd:
            raise error
        return not self.is_odd

    cdef int starts(
        self, const xmlChar* name, const xmlChar* prefix, int declared, const xmlChar** declarations, int count,
        const xmlChar** attributes
    ) except -1:
        cdef xmlParserInput* input = self.context.input
        # Inside a start tag no other < can be.
        cdef const xmlChar* start = input.cur
        cdef dict found = {}
        cdef int i
        if self.depth == _MAX_DEPTH:
            self.is_odd = True
            return 0
        self.told[self.depth] = (
            self.names is None or self.depth == 0 or declared or (<const char*>name).decode() in self.names
        )
        self.depth += 1
        if not self.told[self.depth - 1]:
            return 0
        while start > input.base and start[0] != c"<":
            start -= 1
        for i in range(declared):
            space = "xmlns" if declarations[2 * i] is NULL else "xmlns:" + (<const char*>declarations[2 * i]).decode()
            uri = declarations[2 * i + 1]
            found[space] = "" if uri is NULL else (<const char*>uri).decode()
        for i in range(count):
            value = <const char*>attributes[5 * i + 3]
            found[_tag(attributes[5 * i], attributes[5 * i + 1])] = PyUnicode_DecodeUTF8(
                value, attributes[5 * i + 4] - attributes[5 * i + 3], NULL
            )
        if self.to.start(_tag(name, prefix), found, input.consumed + (start - input.base)):
            self.skipped = 1
        return 0

    cdef int ends(self, const xmlChar* name, const xmlChar* prefix) except -1:
        cdef xmlParserInput* input = self.context.input
        if self.depth:
            self.depth -= 1
            if self.told[self.depth]:
                self.to.end(_tag(name, prefix), input.consumed + (input.cur - input.base))
        return 0


cdef str _tag(const xmlChar* name, const xmlChar* prefix):
    local = (<const char*>name).decode()
    return local if prefix is NULL else f"{(<const char*>prefix).decode()}:{local}"


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
            outliner.starts(name, prefix, declared, declarations, count, attributes)
        except BaseException as error:
            outliner.error = error


cdef void _outline_end(void* state, const xmlChar* name, const xmlChar* prefix, const xmlChar* namespace) noexcept:
    cdef _Outliner outliner = <_Outliner>state
    if outliner.skipped:
        outliner.skipped -= 1
    if not outliner.skipped and outliner.error is None and not outliner.is_odd:
        try:
            outliner.ends(name, prefix)
        except BaseException as error:
            outliner.error = error


cdef void _outline_text(void* state, const xmlChar* text, int length) noexcept:
    cdef _Outliner outliner = <_Outliner>state
    if not outliner.skipped and outliner.names is None and outliner.error is None and not outliner.is_odd:
        try:
            outliner.to.text(PyUnicode_DecodeUTF8(<const char*>text, length, NULL))
        except BaseException as error:
            outliner.error = error


cdef list _idle_outliners = []


def outline(bytes data not None, to not None, frozenset names=None):
    """Tells ``to`` what is in a document in UTF-8; False where it is to be read in another way.

    ``names``: only of the root, of elements with these local names and of those that declare a namespace, and no text.
    """
    cdef _Outliner outliner = <_Outliner>_idle_outliners.pop() if _idle_outliners else _Outliner()
    done = outliner.run(data, to, names)
    if outliner.documents < _LIFE:
        _idle_outliners.append(outliner)
    return done
