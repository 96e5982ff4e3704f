/*
 * Reading a number from a cell of text: strict decimal syntax, exact value, any locale.
 *
 *   [blanks] [+-] digits [point digits] [e|E [+-] digits] [blanks]      ".5" and "5." are numbers too
 *
 * Does not read hexadecimal, thousands separators, or words: "nan" and "inf" are told apart so that
 * the caller can explain them.
 */
#ifndef SERVER_DATASET_NUMBER_H
#define SERVER_DATASET_NUMBER_H

#include <locale.h>
#include <stddef.h>

struct number_format {
	char decimal;   /* '.' or ',' ... */
	locale_t plain; /* the "C" locale: number_format_init makes it */
};

enum number_result {
	NUMBER_OK,
	NUMBER_NONE,       /* not a number */
	NUMBER_NOT_FINITE, /* "nan", "inf", "infinity", in any case, signed or not */
	NUMBER_RANGE,      /* a number beyond double, such as 1e400 */
	NUMBER_INEXACT,    /* digits of a whole number that no double holds, such as 9007199254740993 */
};

/* A longer number than this counts as text: 767 digits tell any two doubles apart, so nobody needs more. */
enum { NUMBER_LENGTH_MAX = 1100 };

/* 0, or -1 when there is no memory. */
int number_format_init(struct number_format *format, char decimal);
void number_format_fini(struct number_format *format);

/* text (length bytes, need not end in NUL) -> *out, correctly rounded; *out is written for NUMBER_OK only. What is
 * too small for double is 0 or subnormal, as IEEE 754 rounds it. */
enum number_result number_parse(const struct number_format *format, const char *text, size_t length, double *out);

#endif
