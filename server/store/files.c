#include "server/store/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static enum status status_of_errno(void)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return E_DISK_FULL;
	case ENOMEM:
		return E_MEMORY;
	case ENOENT:
		return E_NOT_FOUND;
	default:
		return E_IO;
	}
}

/* dir/name and suffix; false when that is too long. */
static bool join(char path[PATH_MAX], const char *dir, const char *name, const char *suffix)
{
	int length = snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix);
	return length > 0 && length < PATH_MAX;
}

enum status files_make_folder(const char *path, struct error *error)
{
	char partial[PATH_MAX], parent[PATH_MAX];
	size_t length = strlen(path);
	struct stat info;
	if (length == 0 || length >= sizeof partial) {
		return error_set(error, E_INVALID, "the name of the data folder is %s",
				 length == 0 ? "empty" : "too long");
	}
	memcpy(partial, path, length + 1);
	for (size_t i = 1; i <= length; i++) {
		if (partial[i] == '/' || partial[i] == '\0') {
			partial[i] = '\0';
			if (mkdir(partial, 0700) == 0) {
				if (join(parent, partial, "..", "")) {
					(void)files_sync_folder(parent); /* some file systems cannot: go on */
				}
			} else if (errno != EEXIST && i == length) {
				enum status status = status_of_errno();
				return error_set(error, status, "cannot make the folder %s: %s", path, strerror(errno));
			}
			partial[i] = path[i];
		}
	}
	if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
		return error_set(error, E_IO, "%s is not a folder", path);
	}
	return OK;
}

enum status files_sync_folder(const char *path)
{
	enum status status = OK;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0) {
		status = status_of_errno();
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

enum status files_lock(const char *dir, int *fd, struct error *error)
{
	char path[PATH_MAX];
	if (!join(path, dir, "descentd.lock", "")) {
		return error_set(error, E_INVALID, "the name of the data folder is too long");
	}
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0) {
		enum status status = status_of_errno();
		return error_set(error, status, "cannot open %s: %s", path, strerror(errno));
	}
	/* flock, not fcntl: it also keeps a second store of this very process out, and it is not lost when some
	 * other descriptor of the file is closed. */
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		bool taken = errno == EWOULDBLOCK;
		enum status status = taken ? E_BUSY : status_of_errno();
		error_set(error, status, taken ? "another descentd uses the folder %s" : "cannot lock the folder %s",
			  dir);
		close(*fd);
		*fd = -1;
		return status;
	}
	return OK;
}

/* A piece is what is written between two looks at the clock; a window is what the disk has to do at once: 60 MB were on
 * a busy disk in 0.10 s with 8, in 0.19 s with 1 (medians). A slow one (50 MB/s) needs some 0.3 s for a window. */
enum { PIECE = 2 << 20, WINDOW = 8 };

static bool late(const struct files_watch *watch)
{
	int_least64_t until = watch == NULL || watch->until == NULL ? 0 : atomic_load(watch->until);
	struct timespec now;
	if (until == 0) {
		return false;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int_least64_t)now.tv_sec * 1000000000 + now.tv_nsec >= until;
}

static void show(const struct files_watch *watch, const void *bytes, size_t length)
{
	if (watch != NULL && watch->each != NULL) {
		watch->each(watch->context, bytes, length);
	}
}

static enum status write_piece(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);
		if (written < 0 && errno != EINTR) {
			return status_of_errno();
		}
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
	return OK;
}

/* Piece after piece; the disk writes one while the next is made, and never has more than a window to go when the fsync
 * comes: giving up, and other commits, do not wait for a whole file. */
static enum status write_all(int fd, const char *bytes, size_t length, const struct files_watch *watch)
{
	for (size_t at = 0; at < length; at += PIECE) {
		size_t piece = length - at < PIECE ? length - at : PIECE;
		if (late(watch)) {
			return E_BUSY;
		}
		enum status status = write_piece(fd, bytes + at, piece);
		if (status != OK) {
			return status;
		}
		/* A file system that cannot do this leaves it all to the fsync; its errors come there too. */
		(void)sync_file_range(fd, (off_t)at, (off_t)piece, SYNC_FILE_RANGE_WRITE);
		show(watch, bytes + at, piece);
		if (at >= WINDOW * PIECE) {
			(void)sync_file_range(fd, (off_t)(at - WINDOW * PIECE), PIECE,
					      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
						      SYNC_FILE_RANGE_WAIT_AFTER);
		}
	}
	return fsync(fd) == 0 ? OK : status_of_errno();
}

/* The folder of dir/name. */
static bool folder_of(char folder[PATH_MAX], const char *dir, const char *name)
{
	char *slash;
	if (!join(folder, dir, name, "")) {
		return false;
	}
	slash = strrchr(folder, '/');
	*slash = '\0';
	return true;
}

enum status files_write(const char *dir, const char *name, const void *bytes, size_t length,
			const struct files_watch *watch)
{
	char path[PATH_MAX], beside[PATH_MAX], folder[PATH_MAX];
	enum status status;
	int fd;
	if (!join(path, dir, name, "") || !join(beside, dir, name, ".tmp") || !folder_of(folder, dir, name)) {
		return E_IO;
	}
	if (mkdir(folder, 0700) == 0) {
		status = files_sync_folder(dir);
		if (status != OK) {
			return status;
		}
	}
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		return status_of_errno();
	}
	status = write_all(fd, bytes, length, watch);
	if (close(fd) != 0 && status == OK) {
		status = status_of_errno();
	}
	if (status == OK && rename(beside, path) != 0) {
		status = status_of_errno();
	}
	if (status != OK) {
		unlink(beside);
		return status;
	}
	status = files_sync_folder(folder);
	if (status != OK) {
		unlink(path);
	}
	return status;
}

static enum status read_all(int fd, char *bytes, size_t length, const struct files_watch *watch)
{
	while (length > 0) {
		if (late(watch)) {
			return E_BUSY;
		}
		ssize_t got = read(fd, bytes, length < PIECE ? length : PIECE);
		if (got == 0) {
			return E_CORRUPT;
		}
		if (got < 0 && errno != EINTR) {
			return E_IO;
		}
		if (got > 0) {
			show(watch, bytes, (size_t)got);
			bytes += got;
			length -= (size_t)got;
		}
	}
	return OK;
}

enum status files_read(const char *dir, const char *name, size_t length, const struct files_watch *watch, void **out)
{
	char path[PATH_MAX];
	struct stat info;
	enum status status = OK;
	char *bytes = NULL;
	int fd;
	*out = NULL;
	if (!join(path, dir, name, "")) {
		return E_IO;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return status_of_errno();
	}
	if (fstat(fd, &info) != 0) {
		status = E_IO;
	} else if (info.st_size < 0 || (size_t)info.st_size != length) {
		status = E_CORRUPT;
	} else if ((bytes = malloc(length + 1)) == NULL) {
		status = E_MEMORY;
	} else {
		status = read_all(fd, bytes, length, watch);
	}
	close(fd);
	if (status != OK) {
		free(bytes);
		return status;
	}
	*out = bytes;
	return OK;
}

void files_remove(const char *dir, const char *name)
{
	char path[PATH_MAX];
	if (join(path, dir, name, "")) {
		unlink(path); /* one that stays is swept at the next start */
	}
}

void files_sweep(const char *dir, const char *folder, bool (*keep)(void *context, const char *name), void *context)
{
	char path[PATH_MAX], name[PATH_MAX];
	const struct dirent *entry;
	DIR *stream;
	if (!join(path, dir, folder, "") || (stream = opendir(path)) == NULL) {
		return;
	}
	while ((entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] != '.' && join(name, folder, entry->d_name, "") && !keep(context, name)) {
			files_remove(dir, name);
		}
	}
	closedir(stream);
}
