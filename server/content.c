#include "server/content.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/dataset/import.h"
#include "server/log.h"

enum { SHA256_LENGTH = 64 };

static void remove_file(const struct service *service, const char *sha256)
{
	char path[PATH_MAX];
	table_path(service->config->data_dir, sha256, path, sizeof path);
	if (unlink(path) != 0 && errno != ENOENT) {
		log_line(LOG_WARN, "a file of a deleted dataset stays: %s: %s", path, strerror(errno));
	}
}

void content_remove(void *context, const char *sha256)
{
	remove_file(context, sha256);
}

enum status content_store(struct service *service, struct import *import, const char *content_name,
			  content_commit *commit, void *context, struct error *error)
{
	struct dataset_content content = { 0 };
	content.bytes = import_content(import, &content.length);
	if (content.bytes != NULL) {
		return commit(context, &content, error);
	}
	enum status status = import_sync(import, error);
	if (status != OK) {
		return status;
	}
	pthread_rwlock_rdlock(&service->files_lock);
	status = import_keep(import, error);
	if (status == OK) {
		status = commit(context, &content, error);
	}
	pthread_rwlock_unlock(&service->files_lock);
	if (status != OK) {
		/* Exclusive: whoever puts the same file in place meanwhile has committed by now, or comes after. */
		pthread_rwlock_wrlock(&service->files_lock);
		if (!store_has_content(service->store, content_name)) {
			remove_file(service, content_name);
		}
		pthread_rwlock_unlock(&service->files_lock);
	}
	return status;
}

/* "<sha256>.table", as table_path names them: the hash is copied out. */
static bool names_table(const char *file, char sha256[SHA256_LENGTH + 1])
{
	if (strlen(file) <= SHA256_LENGTH || strspn(file, "0123456789abcdef") != SHA256_LENGTH ||
	    strcmp(file + SHA256_LENGTH, ".table") != 0) {
		return false;
	}
	memcpy(sha256, file, SHA256_LENGTH);
	sha256[SHA256_LENGTH] = '\0';
	return true;
}

void content_sweep(const struct service *service)
{
	char path[PATH_MAX], sha256[SHA256_LENGTH + 1];
	if ((size_t)snprintf(path, sizeof path, "%s/datasets", service->config->data_dir) >= sizeof path) {
		return;
	}
	DIR *folder = opendir(path);
	if (folder == NULL) {
		return; /* no content was ever large */
	}
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (names_table(entry->d_name, sha256) && !store_has_content(service->store, sha256)) {
			remove_file(service, sha256);
		}
	}
	closedir(folder);
}
