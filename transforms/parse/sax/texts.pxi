# What a text is, looked at byte by byte. The rules are those of ``transforms.parse.values``.

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
