/* Preparing a job's data: split, standardisation, classes, precision; and what cannot be prepared. */
#include "server/dataset/prepare.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "server/dataset/moments.h"
#include "tests/server/table_support.h"
#include "tests/support/suite.h"

/* A job over the columns of an imported table: features first, `targets` last columns as targets. */
struct job {
	struct job_spec spec;
	size_t feature[64];
	size_t target[8];
};

static struct job make_job(const struct imported *data, size_t targets)
{
	struct job job = { 0 };
	job.spec.has_dataset = true;
	job.spec.feature_count = data->info.columns - targets;
	job.spec.target_count = targets;
	for (size_t j = 0; j < data->info.columns; j++) {
		if (j < job.spec.feature_count) {
			job.feature[j] = j;
		} else {
			job.target[j - job.spec.feature_count] = j;
		}
	}
	job.spec.train.training.dtype = DTYPE_FLOAT64;
	job.spec.train.training.seed = 42;
	return job;
}

static enum status prepare(struct job *job, const struct imported *data, const struct imported *validation,
			   struct prepared *out, struct error *error)
{
	job->spec.feature_column = job->feature;
	job->spec.target_column = job->target;
	return prepare_data(&job->spec, data->table, validation == NULL ? NULL : validation->table, NULL, out, error);
}

static struct prepared prepare_good(struct job *job, const struct imported *data, const struct imported *validation)
{
	struct prepared out;
	struct error error;
	ck_assert_msg(prepare(job, data, validation, &out, &error) == OK, "%s", error.text);
	return out;
}

static void check_refused(struct job *job, const struct imported *data, const struct imported *validation,
			  const char *words)
{
	struct prepared out;
	struct error error;
	ck_assert_int_eq(prepare(job, data, validation, &out, &error), E_INVALID);
	ck_assert_msg(strstr(error.text, words) != NULL, "\"%s\" lacks \"%s\"", error.text, words);
	ck_assert_ptr_null(out.memory);
}

START_TEST(values_are_copied_row_by_row_in_the_order_of_the_features)
{
	struct imported data = import_good("a,b,c,y\n1,2.385,3,10\n-4,5,6.5,-20.25\n");
	struct job job = make_job(&data, 1);
	job.spec.feature_count = 2;
	job.feature[0] = 2;
	job.feature[1] = 0;
	struct prepared out = prepare_good(&job, &data, NULL);
	static const double x[] = { 3, 1, 6.5, -4 }, y[] = { 10, -20.25 };
	ck_assert_uint_eq(out.training.rows, 2);
	ck_assert_uint_eq(out.training.features, 2);
	ck_assert_uint_eq(out.training.targets, 1);
	ck_assert_uint_eq(out.training.classes, 0);
	ck_assert_uint_eq(out.validation.rows, 0);
	ck_assert_mem_eq(out.training.x, x, sizeof x);
	ck_assert_mem_eq(out.training.y, y, sizeof y);
	ck_assert_ptr_null(out.training.label);
	ck_assert_ptr_null(out.mean);
	prepared_fini(&out);
	prepared_fini(&out);
	imported_fini(&data);
}
END_TEST

START_TEST(features_are_standardised_by_mean_and_spread_with_divisor_n_and_constants_become_zero)
{
	struct imported data = import_good("a,k,y\n1,0.1,1\n2,0.1,2\n4.5,0.1,3\n");
	struct job job = make_job(&data, 1);
	job.spec.standardize = true;
	for (int single = 0; single < 2; single++) {
		job.spec.train.training.dtype = single ? DTYPE_FLOAT32 : DTYPE_FLOAT64;
		struct prepared out = prepare_good(&job, &data, NULL);
		double sd = sqrt((1.5 * 1.5 + 0.5 * 0.5 + 2.0 * 2.0) / 3);
		ck_assert_double_eq(out.mean[0], 2.5);
		ck_assert_double_eq_tol(out.std[0], sd, 1e-15);
		ck_assert_double_eq(out.mean[1], 0.1);
		ck_assert_double_eq(out.std[1], 1);
		for (size_t i = 0; i < 3; i++) {
			double expected = ((i == 0 ? 1 : i == 1 ? 2 : 4.5) - out.mean[0]) / out.std[0];
			if (single) { /* computed in double, rounded once */
				ck_assert_double_eq((double)((const float *)out.training.x)[2 * i],
						    (double)(float)expected);
				ck_assert_double_eq((double)((const float *)out.training.x)[2 * i + 1], 0);
				ck_assert_double_eq((double)((const float *)out.training.y)[i], (double)(i + 1));
			} else {
				ck_assert_double_eq(((const double *)out.training.x)[2 * i], expected);
				ck_assert_double_eq(((const double *)out.training.x)[2 * i + 1], 0);
				ck_assert_double_eq(((const double *)out.training.y)[i], (double)(i + 1));
			}
		}
		prepared_fini(&out);
	}
	imported_fini(&data);
}
END_TEST

/* rows of: row number, its square modulo something, class: 60 % a, 30 % b, 10 % c. */
static struct imported make_classes(const char *dir, size_t rows)
{
	char *text = malloc(rows * 48 + 64);
	size_t n = (size_t)sprintf(text, "row,odd,kind\n");
	for (size_t i = 0; i < rows; i++) {
		size_t k = i * 7 % 10;
		n += (size_t)sprintf(text + n, "%zu,%zu.385,%s\n", i, i * i % 89, k < 6 ? "a" : k < 9 ? "b" : "c");
	}
	struct imported data = import_bytes(dir, NULL, text, n, 65536);
	ck_assert_msg(data.status == OK, "%s", data.error.text);
	free(text);
	return data;
}

static char *const abc[] = { "a", "b", "c" };

static void count_classes(const struct data_view *view, size_t count[3])
{
	count[0] = count[1] = count[2] = 0;
	for (size_t i = 0; i < view->rows; i++) {
		ck_assert_int_ge(view->label[i], 0);
		ck_assert_int_lt(view->label[i], 3);
		count[view->label[i]]++;
	}
}

START_TEST(the_split_is_stratified_keeps_the_order_and_loses_no_row)
{
	enum { ROWS = 5000 };
	char dir[64];
	scratch_make(dir);
	struct imported data = make_classes(dir, ROWS);
	struct job job = make_job(&data, 1);
	job.spec.class_count = 3;
	job.spec.class_text = (char **)(uintptr_t)abc;
	job.spec.validation_fraction = 0.13;
	struct prepared out = prepare_good(&job, &data, NULL);
	size_t count[3];
	ck_assert_uint_eq(out.training.rows, 4350);
	ck_assert_uint_eq(out.validation.rows, 650);
	count_classes(&out.validation, count);
	ck_assert_uint_eq(count[0], 390);
	ck_assert_uint_eq(count[1], 195);
	ck_assert_uint_eq(count[2], 65);
	bool seen[ROWS] = { false };
	for (int part = 0; part < 2; part++) {
		const struct data_view *view = part == 0 ? &out.training : &out.validation;
		const double *x = view->x;
		double last = -1;
		for (size_t i = 0; i < view->rows; i++) {
			size_t row = (size_t)x[2 * i];
			ck_assert_double_gt(x[2 * i], last);
			last = x[2 * i];
			ck_assert(!seen[row]);
			seen[row] = true;
			ck_assert_double_eq(x[2 * i + 1], (double)(row * row % 89) + 0.385);
			ck_assert_int_eq(view->label[i], row * 7 % 10 < 6 ? 0 : row * 7 % 10 < 9 ? 1 : 2);
		}
	}
	prepared_fini(&out);
	imported_fini(&data);
	scratch_remove(dir);
}
END_TEST

START_TEST(the_same_seed_draws_the_same_split_and_another_seed_another)
{
	char dir[64];
	scratch_make(dir);
	struct imported data = make_classes(dir, 500);
	struct job job = make_job(&data, 1);
	job.spec.class_count = 3;
	job.spec.class_text = (char **)(uintptr_t)abc;
	job.spec.validation_fraction = 0.2;
	struct prepared one = prepare_good(&job, &data, NULL), same = prepare_good(&job, &data, NULL);
	job.spec.train.training.seed = 43;
	struct prepared other = prepare_good(&job, &data, NULL);
	size_t size = one.validation.rows * 2 * sizeof(double);
	ck_assert_uint_eq(one.validation.rows, 100);
	ck_assert_mem_eq(one.validation.x, same.validation.x, size);
	ck_assert_mem_ne(one.validation.x, other.validation.x, size);
	prepared_fini(&one);
	prepared_fini(&same);
	prepared_fini(&other);
	imported_fini(&data);
	scratch_remove(dir);
}
END_TEST

START_TEST(the_spread_is_that_of_the_training_rows_alone)
{
	char dir[64];
	scratch_make(dir);
	struct imported data = make_classes(dir, 500);
	struct job job = make_job(&data, 1), plain = job;
	job.spec.class_count = plain.spec.class_count = 3;
	job.spec.class_text = plain.spec.class_text = (char **)(uintptr_t)abc;
	job.spec.validation_fraction = plain.spec.validation_fraction = 0.3;
	job.spec.standardize = true;
	struct prepared scaled = prepare_good(&job, &data, NULL), raw = prepare_good(&plain, &data, NULL);
	const double *x = raw.training.x, *v = raw.validation.x, *z = scaled.validation.x;
	double mean = 0, square = 0, n = (double)raw.training.rows;
	for (size_t i = 0; i < raw.training.rows; i++) {
		mean += x[2 * i] / n;
	}
	for (size_t i = 0; i < raw.training.rows; i++) {
		square += (x[2 * i] - mean) * (x[2 * i] - mean) / n;
	}
	ck_assert_double_eq_tol(scaled.mean[0], mean, 1e-9);
	ck_assert_double_eq_tol(scaled.std[0], sqrt(square), 1e-9);
	for (size_t i = 0; i < raw.validation.rows; i++) {
		ck_assert_double_eq(z[2 * i], (v[2 * i] - scaled.mean[0]) / scaled.std[0]);
	}
	prepared_fini(&scaled);
	prepared_fini(&raw);
	imported_fini(&data);
	scratch_remove(dir);
}
END_TEST

START_TEST(every_class_keeps_a_row_to_train_on_and_a_small_fraction_still_validates)
{
	struct imported data = import_good("x,c\n1,a\n2,a\n3,b\n4,c\n5,a\n6,a\n7,a\n");
	struct job job = make_job(&data, 1);
	size_t count[3];
	job.spec.class_count = 3;
	job.spec.class_text = (char **)(uintptr_t)abc;
	job.spec.validation_fraction = 0.6; /* 4.2 rows: 4, all of them a */
	struct prepared out = prepare_good(&job, &data, NULL);
	count_classes(&out.training, count);
	ck_assert_uint_eq(out.validation.rows, 4);
	ck_assert_uint_eq(count[0], 1);
	ck_assert_uint_eq(count[1], 1);
	ck_assert_uint_eq(count[2], 1);
	prepared_fini(&out);
	job.spec.validation_fraction = 0.01;
	out = prepare_good(&job, &data, NULL);
	ck_assert_uint_eq(out.validation.rows, 1);
	prepared_fini(&out);
	job.spec.validation_fraction = 0.99;
	check_refused(&job, &data, NULL, "leaves none to train on");
	imported_fini(&data);
}
END_TEST

START_TEST(numeric_classes_are_indices_into_the_jobs_list)
{
	struct imported data = import_good("x,digit\n1,7\n2,-0\n3,2.5\n4,7\n");
	static const double numbers[] = { 0, 2.5, 7 };
	struct job job = make_job(&data, 1);
	job.spec.class_count = 3;
	job.spec.class_number = (double *)(uintptr_t)numbers;
	struct prepared out = prepare_good(&job, &data, NULL);
	static const int32_t label[] = { 2, 0, 1, 2 };
	ck_assert_mem_eq(out.training.label, label, sizeof label);
	ck_assert_uint_eq(out.training.classes, 3);
	ck_assert_uint_eq(out.training.targets, 0);
	ck_assert_ptr_null(out.training.y);
	prepared_fini(&out);
	imported_fini(&data);
}
END_TEST

START_TEST(several_targets_lie_side_by_side)
{
	struct imported data = import_good("x,y,z\n1,2,3\n4,5,6\n7,8,9\n");
	struct job job = make_job(&data, 2);
	job.spec.validation_fraction = 0.34;
	job.spec.validation_rows = 1;
	struct prepared out = prepare_good(&job, &data, NULL);
	ck_assert_uint_eq(out.training.rows, 2);
	ck_assert_uint_eq(out.validation.rows, 1);
	for (size_t i = 0; i < 2; i++) {
		double x = ((const double *)out.training.x)[i];
		ck_assert_double_eq(((const double *)out.training.y)[2 * i], x + 1);
		ck_assert_double_eq(((const double *)out.training.y)[2 * i + 1], x + 2);
	}
	double x = ((const double *)out.validation.x)[0];
	ck_assert_double_eq(((const double *)out.validation.y)[1], x + 2);
	prepared_fini(&out);
	imported_fini(&data);
}
END_TEST

START_TEST(validation_from_another_table_goes_by_names_and_the_training_rows_spread)
{
	struct imported data = import_good("x,w,c\n1,10,a\n3,30,b\n5,50,c\n");
	struct imported apart = import_good("c,extra,w,x\nb,9,20,2\na,9,40,4\n");
	struct job job = make_job(&data, 1);
	job.spec.class_count = 3;
	job.spec.class_text = (char **)(uintptr_t)abc;
	job.spec.standardize = true;
	struct prepared out = prepare_good(&job, &data, &apart);
	static const int32_t label[] = { 1, 0 };
	ck_assert_uint_eq(out.training.rows, 3);
	ck_assert_uint_eq(out.validation.rows, 2);
	ck_assert_mem_eq(out.validation.label, label, sizeof label);
	ck_assert_double_eq(((const double *)out.validation.x)[0], (2 - out.mean[0]) / out.std[0]);
	ck_assert_double_eq(((const double *)out.validation.x)[3], (40 - out.mean[1]) / out.std[1]);
	prepared_fini(&out);
	imported_fini(&apart);

	apart = import_good("c,x\nb,2\n");
	check_refused(&job, &data, &apart, "the validation data has no column \"w\"");
	imported_fini(&apart);
	apart = import_good("c,w,x\nb,1,2\nzebra,1,2\n");
	check_refused(&job, &data, &apart, "row 2 of the validation data, column \"c\": \"zebra\" is none of");
	imported_fini(&apart);
	apart = import_good("c,w,x\n1,1,2\n");
	check_refused(&job, &data, &apart, "holds numbers, the job's classes are text");
	imported_fini(&apart);
	apart = import_good("c,w,x\na,one,2\n");
	check_refused(&job, &data, &apart, "column \"w\" of the validation data holds text");
	imported_fini(&apart);
	imported_fini(&data);
}
END_TEST

START_TEST(what_float32_cannot_hold_is_refused_with_its_row_and_column)
{
	struct imported data = import_good("small,large,y\n1,2,3\n1,1e300,4\n");
	struct job job = make_job(&data, 1);
	job.spec.train.training.dtype = DTYPE_FLOAT32;
	check_refused(&job, &data, NULL, "row 2 of the data, column \"large\": 1e+300 does not fit in float32");
	job.spec.train.training.dtype = DTYPE_FLOAT64;
	struct prepared out = prepare_good(&job, &data, NULL);
	ck_assert_double_eq(((const double *)out.training.x)[3], 1e300);
	prepared_fini(&out);
	job.spec.standardize = true;
	check_refused(&job, &data, NULL, "column \"large\" of the data: its values are too large to be standardised");
	imported_fini(&data);
	data = import_good("x,y\n1,2\n2,-1e39\n");
	job = make_job(&data, 1);
	job.spec.train.training.dtype = DTYPE_FLOAT32;
	check_refused(&job, &data, NULL, "row 2 of the data, column \"y\"");
	imported_fini(&data);
}
END_TEST

START_TEST(text_where_a_number_is_needed_is_refused)
{
	struct imported data = import_good("x,t,y\n1,one,2\n");
	struct job job = make_job(&data, 1);
	check_refused(&job, &data, NULL, "column \"t\" of the data holds text");
	job.feature[1] = 0;
	job.target[0] = 1;
	check_refused(&job, &data, NULL, "column \"t\" of the data holds text");
	imported_fini(&data);
}
END_TEST

START_TEST(a_preparation_that_is_asked_to_stop_stops)
{
	struct imported data = import_good("x,y\n1,2\n3,4\n");
	struct job job = make_job(&data, 1);
	struct prepared out;
	struct error error;
	atomic_bool stop = true;
	job.spec.feature_column = job.feature;
	job.spec.target_column = job.target;
	for (int standardize = 0; standardize < 2; standardize++) {
		job.spec.standardize = standardize;
		ck_assert_int_eq(prepare_data(&job.spec, data.table, NULL, &stop, &out, &error), E_CANCELLED);
		ck_assert_ptr_null(out.memory);
	}
	imported_fini(&data);
}
END_TEST

START_TEST(a_damaged_table_is_not_trained_on)
{
	struct imported data = import_good("x,y\n1,2\n3,4\n");
	size_t length;
	const void *content = import_content(data.import, &length);
	unsigned char *bytes = malloc(length);
	memcpy(bytes, content, length);
	bytes[64 + 8] ^= 1; /* the first value of the first chunk */
	struct table *good = data.table, *bad;
	ck_assert_int_eq(table_open_memory(bytes, length, &bad, &data.error), OK);
	data.table = bad;
	struct job job = make_job(&data, 1);
	struct prepared out;
	struct error error;
	ck_assert_int_eq(prepare(&job, &data, NULL, &out, &error), E_CORRUPT);
	job.spec.standardize = true;
	ck_assert_int_eq(prepare(&job, &data, NULL, &out, &error), E_CORRUPT);
	table_close(bad);
	data.table = good;
	free(bytes);
	imported_fini(&data);
}
END_TEST

START_TEST(a_large_matrix_lies_in_mapped_memory_and_is_right_to_its_last_cell)
{
	enum { ROWS = 40000 };
	char dir[64];
	scratch_make(dir);
	struct imported data = make_classes(dir, ROWS);
	struct job job = make_job(&data, 1);
	job.spec.class_count = 3;
	job.spec.class_text = (char **)(uintptr_t)abc;
	job.feature[job.spec.feature_count++] = 0; /* columns may come again: 9 of them, 2.9 MB */
	while (job.spec.feature_count < 9) {
		job.feature[job.spec.feature_count++] = 1;
	}
	struct prepared out = prepare_good(&job, &data, NULL);
	const double *x = out.training.x;
	for (size_t i = 0; i < ROWS; i++) {
		ck_assert_double_eq(x[9 * i], (double)i);
		ck_assert_double_eq(x[9 * i + 8], (double)(i * i % 89) + 0.385);
	}
	ck_assert_uint_eq((uintptr_t)x % 64, 0);
	prepared_fini(&out);
	imported_fini(&data);
	scratch_remove(dir);
}
END_TEST

START_TEST(moments_do_not_depend_on_how_large_the_numbers_are_beside_their_spread)
{
	struct moments moments = { 0 };
	double x[1000];
	for (int k = 0; k < 10; k++) {
		for (int i = 0; i < 1000; i++) {
			x[i] = 1e12 + (i % 2 == 0 ? 2.5 : -2.5);
		}
		moments_add(&moments, x, (size_t)(k == 3 ? 0 : 1000));
	}
	ck_assert_double_eq(moments_mean(&moments), 1e12);
	ck_assert_double_eq_tol(moments_sd(&moments), 2.5, 1e-12);
	ck_assert_double_eq(moments.maximum, 1e12 + 2.5);
	ck_assert_double_eq(moments_sd(&(struct moments){ 0 }), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prepare");
	TCase *tests = tcase_create("prepare");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, values_are_copied_row_by_row_in_the_order_of_the_features);
	tcase_add_test(tests, features_are_standardised_by_mean_and_spread_with_divisor_n_and_constants_become_zero);
	tcase_add_test(tests, the_split_is_stratified_keeps_the_order_and_loses_no_row);
	tcase_add_test(tests, the_same_seed_draws_the_same_split_and_another_seed_another);
	tcase_add_test(tests, the_spread_is_that_of_the_training_rows_alone);
	tcase_add_test(tests, every_class_keeps_a_row_to_train_on_and_a_small_fraction_still_validates);
	tcase_add_test(tests, numeric_classes_are_indices_into_the_jobs_list);
	tcase_add_test(tests, several_targets_lie_side_by_side);
	tcase_add_test(tests, validation_from_another_table_goes_by_names_and_the_training_rows_spread);
	tcase_add_test(tests, what_float32_cannot_hold_is_refused_with_its_row_and_column);
	tcase_add_test(tests, text_where_a_number_is_needed_is_refused);
	tcase_add_test(tests, a_preparation_that_is_asked_to_stop_stops);
	tcase_add_test(tests, a_damaged_table_is_not_trained_on);
	tcase_add_test(tests, a_large_matrix_lies_in_mapped_memory_and_is_right_to_its_last_cell);
	tcase_add_test(tests, moments_do_not_depend_on_how_large_the_numbers_are_beside_their_spread);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
