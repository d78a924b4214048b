

import local as local  # which tells of Ctrl-C in a word
