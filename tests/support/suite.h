/* A test program: one suite, run by Check in its fork mode. */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs the suite, prints Check's closing line, returns the exit code for main. */
int suite_run(Suite *suite);

#endif
