#include "server/store/ids.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

__extension__ typedef unsigned __int128 wide;

enum { DIGITS = 22 }; /* 62^22 > 2^128 */

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum status ids_init(struct ids *ids)
{
	pthread_mutex_init(&ids->mutex, NULL);
	ids->last = 0;
	return sodium_init() < 0 ? E_IO : OK;
}

void ids_fini(struct ids *ids)
{
	pthread_mutex_destroy(&ids->mutex);
}

static bool parse(const char *id, wide *out)
{
	const char *body = strrchr(id, '_');
	wide value = 0;
	if (body == NULL || strlen(body + 1) != DIGITS) {
		return false;
	}
	for (body++; *body != '\0'; body++) {
		const char *place = strchr(alphabet, *body);
		wide digit = place != NULL ? (wide)(place - alphabet) : 62;
		if (digit == 62 || value > (~(wide)0 - digit) / 62) {
			return false;
		}
		value = value * 62 + digit;
	}
	*out = value;
	return true;
}

void ids_seen(struct ids *ids, const char *id)
{
	wide value;
	if (parse(id, &value)) {
		uint64_t moment = (uint64_t)(value >> 64);
		pthread_mutex_lock(&ids->mutex);
		if (moment > ids->last) {
			ids->last = moment;
		}
		pthread_mutex_unlock(&ids->mutex);
	}
}

void ids_make(struct ids *ids, const char *prefix, int64_t now, char id[ID_SIZE])
{
	size_t length = strlen(prefix);
	uint64_t moment = (uint64_t)now << 16, random;
	wide value;
	assert(length + 1 + DIGITS < ID_SIZE);
	randombytes_buf(&random, sizeof random);
	pthread_mutex_lock(&ids->mutex);
	if (moment <= ids->last) {
		moment = ids->last + 1;
	}
	ids->last = moment;
	pthread_mutex_unlock(&ids->mutex);
	memcpy(id, prefix, length);
	id[length] = '_';
	id[length + 1 + DIGITS] = '\0';
	value = (wide)moment << 64 | random;
	for (size_t i = DIGITS; i > 0; i--) {
		id[length + i] = alphabet[value % 62];
		value /= 62;
	}
}

int64_t clock_milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
