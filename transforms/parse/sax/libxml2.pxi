# libxml2, as lxml brings it: what is used of its headers, its functions, and its parser with handlers of ours.

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
    ctypedef struct xmlParserInput:
        const xmlChar* base
        const xmlChar* cur
        unsigned long consumed
    ctypedef struct xmlParserCtxt:
        xmlSAXHandler* sax
        void* userData
        xmlParserInput* input
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

# Half of libxml2's limit. Entities there are none but those of XML itself, which stand in attributes replaced.
cdef enum:
    _MAX_DEPTH = 128
cdef int _OPTIONS = XML_PARSE_NOENT | XML_PARSE_NONET

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


cdef xmlParserCtxt* _context(
    void* state, start_t start, end_t end, characters_t characters
) except NULL:
    """libxml2's parser with handlers of ours."""
    cdef xmlParserCtxt* context = _new_context()
    if context is NULL:
        raise MemoryError
    memset(context.sax, 0, sizeof(xmlSAXHandler))
    context.sax.initialized = XML_SAX2_MAGIC
    context.sax.startElementNs = start
    context.sax.endElementNs = end
    context.sax.characters = context.sax.ignorableWhitespace = context.sax.cdataBlock = characters
    context.sax.internalSubset = _subset
    context.sax.serror = _ignore
    context.userData = state
    return context


# Parsers at rest are used again. libxml2 keeps the names that a parser has met, so none is kept for ever.
cdef int _LIFE = 1000


cdef class _Handler:
    """libxml2's parser with handlers of ours. ``is_odd``: the document is to be read in another way."""

    cdef xmlParserCtxt* context
    cdef object error
    cdef bint is_odd
    cdef int documents

    def __dealloc__(self):
        if self.context is not NULL:
            _free_context(self.context)

    cdef int parse(self, bytes data) except -1:
        """Has the document told to the handlers. Errors of theirs are kept, and wait until it is known to be whole."""
        self.error, self.is_odd = None, False
        self.documents += 1
        _parse(self.context, data, len(data), NULL, "UTF-8", _OPTIONS)
        if not self.context.wellFormed or not self.context.nsWellFormed:
            self.is_odd = True
        return 0


cdef void _subset(void* state, const xmlChar* name, const xmlChar* public, const xmlChar* system) noexcept:
    (<_Handler>state).is_odd = True


cdef void _ignore(void* state, const xmlError* error) noexcept:
    pass
