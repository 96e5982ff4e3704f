#include "server/runner/job_data.h"

#include <stdlib.h>
#include <string.h>

#include "server/dataset/import.h"
#include "server/dataset/table.h"

enum status open_table_load(struct store *store, const char *data_dir, const char *dataset_id, struct open_table *out,
			    struct error *error)
{
	memset(out, 0, sizeof *out);
	enum status status = store_get_dataset(store, dataset_id, &out->info);
	if (status != OK) {
		return error_set(error, status, "dataset %s: %s", dataset_id, status_text(status));
	}
	status = store_get_dataset_content(store, dataset_id, &out->content);
	if (status != OK) {
		open_table_fini(out);
		return error_set(error, status, "the content of dataset %s: %s", dataset_id, status_text(status));
	}
	if (out->content.bytes != NULL) {
		status = table_open_memory(out->content.bytes, out->content.length, &out->table, error);
	} else {
		char path[4200];
		table_path(data_dir, out->info.content_name, path, sizeof path);
		status = table_open_file(path, &out->table, error);
	}
	if (status != OK) {
		open_table_fini(out);
	}
	return status;
}

void open_table_fini(struct open_table *table)
{
	table_close(table->table);
	free((void *)(uintptr_t)table->content.bytes);
	dataset_info_fini(&table->info);
	memset(table, 0, sizeof *table);
}
