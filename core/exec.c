#include "core/exec.h"

static void run_serial(struct executor *self, size_t count, executor_piece *piece, void *context)
{
	(void)self;
	for (size_t i = 0; i < count; i++) {
		piece(context, i, 0);
	}
}

struct executor executor_serial(void)
{
	return (struct executor){ .run = run_serial, .slots = 1, .stop = NULL };
}
