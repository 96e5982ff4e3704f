/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SERVER_DATASET_UTF8_H
#define SERVER_DATASET_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_valid(const char *text, size_t length);
/* The largest length <= limit at which a valid text may be cut without splitting a character. */
size_t utf8_cut(const char *text, size_t limit);

#endif
