# What is wanted of a document: the tables of ``transforms.parse.layout`` in C.

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
    cdef object new
    cdef str part
    # Of this element and what is below it at most: levels, and places.
    cdef int levels
    cdef int places

    def __cinit__(self, node not None, dict known not None):
        """``known``: tables of nodes, to which this one is added, and those inside of it."""
        self._kept = []
        self.repeats, self.many, self.new, self.part = node.repeats, node.many, node.new, node.part
        self.any = None if node.any is None else _table(node.any, known)
        leaves = sorted(node.leaves)
        names = leaves + [name for name in node.nodes if name not in node.leaves]
        inner = [_table(node.nodes[name], known) for name in names[len(leaves):]]
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
        known[node] = self

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


cdef Table _table(node, dict known):
    table = known.get(node)
    return Table(node, known) if table is None else table


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
