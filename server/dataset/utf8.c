#include "server/dataset/utf8.h"

#include <stdint.h>
#include <string.h>

/* Bytes of the well-formed character at s (RFC 3629, section 4), or 0. */
static size_t character(const unsigned char *s, size_t left)
{
	unsigned char lead = s[0];
	size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
	if (length == 0 || left < length) {
		return 0;
	}
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	bool overlong = (lead == 0xe0 && s[1] < 0xa0) || (lead == 0xf0 && s[1] < 0x90);
	bool surrogate = lead == 0xed && s[1] >= 0xa0;
	bool beyond = lead == 0xf4 && s[1] >= 0x90;
	return overlong || surrogate || beyond ? 0 : length;
}

bool utf8_valid(const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i = 0;
	while (i < length) {
		uint64_t eight;
		if (i + sizeof eight <= length) {
			memcpy(&eight, s + i, sizeof eight);
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof eight;
				continue;
			}
		}
		size_t step = s[i] < 0x80 ? 1 : character(s + i, length - i);
		if (step == 0) {
			return false;
		}
		i += step;
	}
	return true;
}

size_t utf8_cut(const char *text, size_t limit)
{
	while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80) {
		limit--;
	}
	return limit;
}
