#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const slugs[] = {
#define STATUS_SLUG(name, slug, text) slug,
	STATUS_LIST(STATUS_SLUG)
#undef STATUS_SLUG
};

static const char *const texts[] = {
#define STATUS_TEXT(name, slug, text) text,
	STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
};

const char *status_slug(enum status status)
{
	return (unsigned)status < STATUS_COUNT ? slugs[status] : "unknown";
}

const char *status_text(enum status status)
{
	return (unsigned)status < STATUS_COUNT ? texts[status] : "unknown status";
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
	if (error != NULL) {
		va_list args;
		error->status = status;
		va_start(args, format);
		vsnprintf(error->text, sizeof error->text, format, args);
		va_end(args);
	}
	return status;
}
