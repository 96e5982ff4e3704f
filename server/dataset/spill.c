/* Bytes in memory, then in a temporary file. See spill.h. */
#include "server/dataset/spill.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 4096 };

enum status disk_error(struct error *error, const char *what)
{
	int code = errno;
	if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
		return error_set(error, E_DISK_FULL, "there is no room on the disk (%s: %s)", what, strerror(code));
	}
	return error_set(error, E_IO, "%s: %s", what, strerror(code));
}

enum status disk_make_folder(const char *dir, const char *name, bool *made, struct error *error)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path) {
		return error_set(error, E_IO, "the data directory's path is too long");
	}
	*made = mkdir(path, 0777) == 0;
	if (!*made && errno == ENOENT && mkdir(dir, 0777) == 0) {
		*made = mkdir(path, 0777) == 0;
	}
	if (!*made && errno != EEXIST) {
		return disk_error(error, "making a folder in the data directory");
	}
	return OK;
}

enum status disk_sync_folder(const char *path, struct error *error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return disk_error(error, "opening a folder of the data directory");
	}
	enum status status = fsync(fd) == 0 ? OK : disk_error(error, "syncing a folder of the data directory");
	close(fd);
	return status;
}

void spill_init(struct spill *spill, const char *dir, size_t threshold, bool named)
{
	memset(spill, 0, offsetof(struct spill, path));
	spill->path[0] = '\0';
	spill->dir = dir;
	spill->threshold = threshold;
	spill->named = named;
	spill->fd = -1;
}

void spill_fini(struct spill *spill)
{
	free(spill->memory);
	spill->memory = NULL;
	spill->capacity = 0;
	spill->length = 0;
	if (spill->fd >= 0) {
		close(spill->fd);
		spill->fd = -1;
	}
	if (spill->path[0] != '\0') {
		unlink(spill->path);
		spill->path[0] = '\0';
	}
}

static enum status write_at(int fd, uint64_t offset, const unsigned char *bytes, size_t length, struct error *error)
{
	while (length > 0) {
		ssize_t n = pwrite(fd, bytes, length, (off_t)offset);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return disk_error(error, "writing the dataset");
		}
		bytes += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return OK;
}

static enum status move_to_file(struct spill *spill, struct error *error)
{
	bool made;
	enum status status = disk_make_folder(spill->dir, "tmp", &made, error);
	if (status != OK) {
		return status;
	}
	if ((size_t)snprintf(spill->path, sizeof spill->path, "%s/tmp/" SPILL_PREFIX "XXXXXX", spill->dir) >=
	    sizeof spill->path) {
		spill->path[0] = '\0';
		return error_set(error, E_IO, "the data directory's path is too long");
	}
	spill->fd = mkostemp(spill->path, O_CLOEXEC);
	if (spill->fd < 0) {
		spill->path[0] = '\0';
		return disk_error(error, "making a temporary file");
	}
	if (!spill->named) {
		unlink(spill->path);
		spill->path[0] = '\0';
	}
	status = write_at(spill->fd, 0, spill->memory, (size_t)spill->length, error);
	free(spill->memory);
	spill->memory = NULL;
	spill->capacity = 0;
	return status;
}

static enum status grow(struct spill *spill, size_t needed, struct error *error)
{
	size_t capacity = spill->capacity == 0 ? FIRST_CAPACITY : spill->capacity;
	while (capacity < needed) {
		capacity *= 2;
	}
	unsigned char *memory = realloc(spill->memory, capacity);
	if (memory == NULL) {
		return error_set(error, E_MEMORY, "out of memory while reading the dataset");
	}
	spill->memory = memory;
	spill->capacity = capacity;
	return OK;
}

enum status spill_write(struct spill *spill, const void *bytes, size_t length, struct error *error)
{
	enum status status = OK;
	if (length == 0) {
		return OK;
	}
	if (spill->fd < 0 && length <= spill->threshold && spill->length <= spill->threshold - length) {
		size_t needed = (size_t)spill->length + length;
		if (needed > spill->capacity) {
			status = grow(spill, needed, error);
		}
		if (status == OK) {
			memcpy(spill->memory + spill->length, bytes, length);
			spill->length += length;
		}
		return status;
	}
	if (spill->fd < 0) {
		status = move_to_file(spill, error);
	}
	if (status == OK) {
		status = write_at(spill->fd, spill->length, bytes, length, error);
		spill->length += length;
	}
	return status;
}

enum status spill_patch(struct spill *spill, uint64_t offset, const void *bytes, size_t length, struct error *error)
{
	assert(offset + length <= spill->length);
	if (spill->fd >= 0) {
		return write_at(spill->fd, offset, bytes, length, error);
	}
	memcpy(spill->memory + offset, bytes, length);
	return OK;
}

enum status spill_read(const struct spill *spill, uint64_t offset, void *bytes, size_t size, size_t *length,
		       struct error *error)
{
	*length = 0;
	if (offset >= spill->length) {
		return OK;
	}
	size_t wanted = spill->length - offset < size ? (size_t)(spill->length - offset) : size;
	if (spill->fd < 0) {
		memcpy(bytes, spill->memory + offset, wanted);
		*length = wanted;
		return OK;
	}
	ssize_t n;
	do {
		n = pread(spill->fd, bytes, wanted, (off_t)offset);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		return n < 0 ? disk_error(error, "reading a temporary file")
			     : error_set(error, E_IO, "a temporary file ended early");
	}
	*length = (size_t)n;
	return OK;
}
