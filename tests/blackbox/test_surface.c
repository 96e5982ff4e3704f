/* Surfaces of jobs of two parameters: the grid is the objective, the path the job's, the gradients are right. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/blackbox/jobs.h"

static const struct reply *surface_of(const struct server *server, const char *id, const char *query)
{
	return client_get(server, text_of("/v1/jobs/%s/surface%s", id, query));
}

static double entry(const struct reply *surface, const char *path, size_t i)
{
	return number_at(surface->json, text_of("%s.%zu", path, i));
}

static size_t length_of(const struct reply *surface, const char *path)
{
	return (size_t)cJSON_GetArraySize(get_at(surface->json, path));
}

static double valley(double x, double y)
{
	return (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x);
}

/* Every cell of a coarse part of the grid, and all of the path, by a formula; gradients by its differences. */
static void expect_formula(const struct reply *surface, double (*f)(double, double), double tolerance)
{
	const size_t columns = length_of(surface, "x.values"), rows = length_of(surface, "y.values");
	ck_assert_uint_eq(length_of(surface, "values"), rows);
	for (size_t i = 0; i < rows; i += 11) {
		ck_assert_uint_eq(length_of(surface, text_of("values.%zu", i)), columns);
		for (size_t j = 0; j < columns; j += 7) {
			const double expected = f(entry(surface, "x.values", j), entry(surface, "y.values", i));
			const double got = number_at(surface->json, text_of("values.%zu.%zu", i, j));
			ck_assert_double_eq_tol(got, expected, tolerance * (1 + fabs(expected)));
		}
	}
	for (size_t k = 0; k < length_of(surface, "path.step"); k++) {
		const double x = entry(surface, "path.x", k), y = entry(surface, "path.y", k), h = 1e-5;
		const double gx = (f(x + h, y) - f(x - h, y)) / (2 * h), gy = (f(x, y + h) - f(x, y - h)) / (2 * h);
		const double size = hypot(gx, gy), loose = 1e-5 + 10 * tolerance;
		ck_assert_double_eq_tol(entry(surface, "path.value", k), f(x, y), tolerance * (1 + f(x, y)));
		ck_assert_double_eq_tol(entry(surface, "path.magnitude", k), size, loose * (1 + size));
		ck_assert_double_eq_tol(number_at(surface->json, text_of("path.gradient.%zu.0", k)), gx,
					loose * (1 + size));
		ck_assert_double_eq_tol(number_at(surface->json, text_of("path.gradient.%zu.1", k)), gy,
					loose * (1 + size));
		if (size > 0.01) {
			ck_assert_double_eq_tol(number_at(surface->json, text_of("path.direction.%zu.1", k)), gy / size,
						0.01);
		}
	}
}

#define VALLEY(more)                                                                                                   \
	"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1]}, "           \
	"\"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.05}, \"training\": {\"steps\": 385}" more "}"

START_TEST(a_grid_lies_around_the_recorded_path)
{
	struct server *server = server_start(NULL);
	const struct reply *job =
		job_run(server, VALLEY(", \"recording\": {\"parameters\": true, \"every_steps\": 5}"));
	const char *id = string_at(job->json, "id");
	const struct reply *surface = surface_of(server, id, "");
	expect(surface, 200);
	ck_assert_str_eq(string_at(surface->json, "x.parameter"), "x[0]");
	ck_assert_str_eq(string_at(surface->json, "y.parameter"), "x[1]");
	ck_assert_uint_eq(length_of(surface, "x.values"), 100);
	ck_assert_uint_eq(length_of(surface, "y.values"), 100);
	ck_assert(cJSON_IsTrue(get_at(surface->json, "path.recorded")));
	expect_formula(surface, valley, 1e-12);
	/* The path is the curve's, and within the grid. */
	size_t n;
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve", id));
	const double *loss = curve_series(curve, "train_loss", &n), *step = curve_series(curve, "step", NULL);
	ck_assert_uint_eq(length_of(surface, "path.step"), n);
	for (size_t k = 0; k < n; k++) {
		ck_assert_double_eq(entry(surface, "path.step", k), step[k]);
		ck_assert_double_eq(entry(surface, "path.value", k), loss[k]);
		ck_assert_double_gt(entry(surface, "path.x", k), entry(surface, "x.values", 0));
		ck_assert_double_lt(entry(surface, "path.x", k), entry(surface, "x.values", 99));
		ck_assert_double_gt(entry(surface, "path.y", k), entry(surface, "y.values", 0));
		ck_assert_double_lt(entry(surface, "path.y", k), entry(surface, "y.values", 99));
	}
	/* The path is kept where nothing is said, and only the curve is without the parameters then. */
	id = string_at(job_run(server, VALLEY(", \"recording\": {\"every_steps\": 5}"))->json, "id");
	const struct reply *unsaid = surface_of(server, id, "");
	ck_assert(cJSON_Compare(get_at(surface->json, "path"), get_at(unsaid->json, "path"), true));
	const struct reply *same = client_get(server, text_of("/v1/jobs/%s/curve", id));
	ck_assert_ptr_null(cJSON_GetObjectItemCaseSensitive(get_at(same->json, "series"), "parameters"));
	ck_assert(
		cJSON_Compare(get_at(curve->json, "series.train_loss"), get_at(same->json, "series.train_loss"), true));
	job = client_get(server, text_of("/v1/jobs/%s", id));
	ck_assert(cJSON_IsNull(get_at(job->json, "spec.recording.parameters")));
	finish(server);
}
END_TEST

START_TEST(a_range_and_a_number_of_points_can_be_given)
{
	struct server *server = server_start(NULL);
	size_t n;
	const char *id = string_at(job_run(server, VALLEY(", \"recording\": {\"parameters\": false}"))->json, "id");
	const struct reply *surface = surface_of(server, id, "?points=20000&x_min=-2.385&x_max=2&y_min=-1&y_max=3.5e0");
	expect(surface, 200);
	ck_assert_uint_eq(length_of(surface, "y.values"), 141);
	ck_assert_uint_eq(length_of(surface, "x.values"), 141);
	ck_assert_double_eq(entry(surface, "x.values", 0), -2.385);
	ck_assert_double_eq(entry(surface, "x.values", 140), 2);
	ck_assert_double_eq(entry(surface, "y.values", 0), -1);
	ck_assert_double_eq(entry(surface, "y.values", 140), 3.5);
	ck_assert_double_eq_tol(number_at(surface->json, "minimum.value"), 0, 0.01);
	expect_formula(surface, valley, 1e-12);
	/* Without a record the path is where it began and where it ended. */
	ck_assert(cJSON_IsFalse(get_at(surface->json, "path.recorded")));
	ck_assert(cJSON_IsNull(get_at(surface->json, "rows")));
	ck_assert_uint_eq(length_of(surface, "path.step"), 2);
	ck_assert_double_eq(entry(surface, "path.x", 0), -1.2);
	ck_assert_double_eq(entry(surface, "path.y", 0), 1);
	ck_assert_double_eq(entry(surface, "path.step", 1), 385);
	ck_assert_double_eq(entry(surface, "path.x", 1), job_weights(server, id, "last", &n)[0]);
	surface = surface_of(server, id, "?points=1000000");
	expect(surface, 200);
	ck_assert_uint_eq(length_of(surface, "values"), 1000);
	ck_assert_uint_eq(length_of(surface, "values.999"), 1000);
	/* One end alone beyond the path: the other follows. */
	surface = surface_of(server, id, "?x_min=7");
	ck_assert_double_eq(entry(surface, "x.values", 0), 7);
	ck_assert_double_gt(entry(surface, "x.values", 99), 8);
	finish(server);
}
END_TEST

/* Four rows, x standardised by hand below. */
static const double line_x[4] = { 1, 2, 3, 5 }, line_y[4] = { 2.1, 3.9, 6.2, 9.1 };
static double line(double weight, double bias)
{
	const double mean = 2.75, std = sqrt((1.75 * 1.75 + 0.75 * 0.75 + 0.25 * 0.25 + 2.25 * 2.25) / 4);
	double sum = 0;
	for (size_t i = 0; i < 4; i++) {
		const double r = weight * (line_x[i] - mean) / std + bias - line_y[i];
		sum += r * r / 4;
	}
	return sum + 0.5 * 0.385 * weight * weight;
}
static double decay(double a, double k)
{
	double sum = 0;
	for (size_t i = 0; i < 4; i++) {
		const double r = line_y[i] - a * exp(-k * line_x[i]);
		sum += r * r / 4;
	}
	return sum;
}
#define LINE_DATA                                                                                                      \
	"\"dataset\": {\"inline\": {\"columns\": [\"t\", \"y\"], \"rows\": [[1, 2.1], [2, 3.9], [3, 6.2], [5, "        \
	"9.1]]}, \"target\": \"y\"}"

START_TEST(a_linear_model_and_a_formula_on_data_have_theirs)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(
		server, "{" LINE_DATA ", \"model\": {\"type\": \"linear_regression\", \"l2\": 0.385}, \"optimizer\": "
			"{\"type\": \"sgd\", \"learning_rate\": 0.1}, \"training\": {\"steps\": 40, \"batch_size\": "
			"\"full\"}, \"recording\": {\"parameters\": true, \"every_steps\": 1}}");
	const struct reply *surface = surface_of(server, string_at(job->json, "id"), "");
	expect(surface, 200);
	ck_assert_str_eq(string_at(surface->json, "x.parameter"), "weight");
	ck_assert_str_eq(string_at(surface->json, "y.parameter"), "bias");
	expect_formula(surface, line, 2e-5);
	ck_assert_double_eq(number_at(surface->json, "rows.used"), 4);
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve", string_at(job->json, "id")));
	size_t n;
	const double *loss = curve_series(curve, "train_loss", &n);
	for (size_t k = 0; k < n; k++) {
		ck_assert_double_eq(entry(surface, "path.value", k), loss[k]);
	}
	job = job_run(server, "{" LINE_DATA ", \"model\": {\"type\": \"expression\", \"prediction\": \"a*exp(-k*t)\", "
			      "\"parameters\": {\"a\": 1, \"k\": 0.5}}, \"optimizer\": {\"type\": \"lbfgs\"}}");
	surface = surface_of(server, string_at(job->json, "id"), "?x_min=-3&x_max=9&y_min=-1&y_max=2.385");
	ck_assert_str_eq(string_at(surface->json, "x.parameter"), "a");
	expect_formula(surface, decay, 1e-10);
	finish(server);
}
END_TEST

static size_t little_endian(const unsigned char *bytes, size_t count)
{
	size_t value = 0;
	while (count-- > 0) {
		value = value << 8 | bytes[count];
	}
	return value;
}

/* The data of a member of an NPZ archive behind its NPY header, which must have this type and shape; its checksum and
 * its place in the directory must be right. */
static const void *npz_member(const struct reply *reply, const char *name, const char *type, const char *shape)
{
	const unsigned char *archive = (const unsigned char *)reply->body, *end = archive + reply->length - 22;
	ck_assert_uint_eq(little_endian(end, 4), 0x06054b50);
	const unsigned char *entry = archive + little_endian(end + 16, 4);
	ck_assert_ptr_eq(entry + little_endian(end + 12, 4), end);
	const char *file = text_of("%s.npy", name);
	for (size_t left = little_endian(end + 10, 2); left > 0; left--) {
		const size_t length = little_endian(entry + 28, 2), size = little_endian(entry + 24, 4);
		ck_assert_uint_eq(little_endian(entry, 4), 0x02014b50);
		if (length == strlen(file) && memcmp(entry + 46, file, length) == 0) {
			const unsigned char *local = archive + little_endian(entry + 42, 4),
					    *data = local + 30 + length;
			ck_assert_uint_eq(little_endian(local, 4), 0x04034b50);
			ck_assert_mem_eq(local + 14, entry + 16, 12); /* crc, sizes */
			uint32_t crc = 0xffffffff;
			for (size_t i = 0; i < 8 * size; i++) {
				const uint32_t bit = (crc ^ (uint32_t)data[i / 8] >> i % 8) & 1;
				crc = crc >> 1 ^ (bit != 0 ? 0xedb88320 : 0);
			}
			ck_assert_uint_eq(little_endian(entry + 16, 4), (uint32_t)~crc);
			const char *header =
				text_of("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
			ck_assert_mem_eq(data, "\x93NUMPY\x01\x00", 8);
			ck_assert_mem_eq(data + 10, header, strlen(header));
			const size_t begin = 10 + little_endian(data + 8, 2);
			ck_assert_uint_eq(begin % 64, 0);
			return memcpy(keep(calloc(1, size)), data + begin, size - begin);
		}
		entry += 46 + length;
	}
	ck_abort_msg("no %s", file);
}

static void expect_numbers(const struct reply *surface, const char *path, const double *values)
{
	for (size_t i = 0; i < length_of(surface, path); i++) {
		ck_assert_double_eq(values[i], entry(surface, path, i));
	}
}

START_TEST(the_same_numbers_come_as_npz)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(
		server,
		"{\"name\": \"walk\", \"model\": {\"type\": \"expression\", \"objective\": \"log(x)**2 + (y_\u00b5 - "
		"2)**2*x\", \"parameters\": {\"x\": 2.385, \"y_\u00b5\": 1}}, \"optimizer\": {\"type\": \"sgd\", "
		"\"learning_rate\": 0.1}, \"training\": {\"steps\": 12}, \"recording\": {\"parameters\": true}}");
	const char *range = "&points=12345&x_min=-1&x_max=2&y_min=0&y_max=3", *id = string_at(job->json, "id");
	const struct reply *surface = surface_of(server, id, text_of("?format=json%s", range));
	const struct reply *npz = surface_of(server, id, text_of("?format=npz%s", range));
	expect(npz, 200);
	ck_assert_str_eq(reply_header(npz, "Content-Type"), "application/octet-stream");
	ck_assert_str_eq(reply_header(npz, "Content-Disposition"), "attachment; filename=\"walk.surface.npz\"");
	const unsigned names[] = { 'x', 0, 0, 'y', '_', 0xb5 };
	ck_assert_mem_eq(npz_member(npz, "parameters", "<U3", "2,"), names, sizeof names);
	expect_numbers(surface, "x.values", npz_member(npz, "x", "<f8", "111,"));
	expect_numbers(surface, "y.values", npz_member(npz, "y", "<f8", "111,"));
	const double *values = npz_member(npz, "values", "<f8", "111, 111");
	for (size_t i = 0; i < 111 * 111; i += 37) {
		const cJSON *cell = get_at(surface->json, text_of("values.%zu.%zu", i / 111, i % 111));
		ck_assert(cJSON_IsNull(cell) ? isnan(values[i]) || isinf(values[i]) : values[i] == cell->valuedouble);
	}
	ck_assert(isnan(values[0]) && isfinite(values[110]));
	ck_assert_double_eq(((const double *)npz_member(npz, "minimum", "<f8", "3,"))[2],
			    number_at(surface->json, "minimum.value"));
	ck_assert_uint_eq(((const uint64_t *)npz_member(npz, "path.step", "<i8", "13,"))[12], 12);
	expect_numbers(surface, "path.x", npz_member(npz, "path.x", "<f8", "13,"));
	expect_numbers(surface, "path.y", npz_member(npz, "path.y", "<f8", "13,"));
	expect_numbers(surface, "path.value", npz_member(npz, "path.value", "<f8", "13,"));
	expect_numbers(surface, "path.magnitude", npz_member(npz, "path.magnitude", "<f8", "13,"));
	const double *gradient = npz_member(npz, "path.gradient", "<f8", "13, 2");
	const double *direction = npz_member(npz, "path.direction", "<f8", "13, 2");
	ck_assert_double_eq(gradient[25], number_at(surface->json, "path.gradient.12.1"));
	ck_assert_double_eq(direction[24], number_at(surface->json, "path.direction.12.0"));
	expect_problem(surface_of(server, id, "?format=npy"), 400, "bad-query");
	const struct call accepting = { .path = text_of("/v1/jobs/%s/surface", id),
					.header = "Accept: application/octet-stream" };
	ck_assert_str_eq(reply_header(client_call(server, &accepting), "Content-Type"), "application/octet-stream");
	finish(server);
}
END_TEST

START_TEST(many_rows_are_sampled_and_the_answer_says_so)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(
		server, "{\"dataset\": {\"generator\": {\"type\": \"linear\", \"rows\": 210000, \"features\": 1, "
			"\"noise\": 0.5}}, \"model\": {\"type\": \"linear_regression\"}, \"optimizer\": {\"type\": "
			"\"sgd\", \"learning_rate\": 0.1}, \"training\": {\"steps\": 5, \"batch_size\": \"full\"}, "
			"\"recording\": {\"parameters\": true}}");
	const char *id = string_at(job->json, "id");
	const struct reply *surface = surface_of(server, id, "");
	expect(surface, 200);
	ck_assert_double_eq(number_at(surface->json, "rows.used"), 50000);
	ck_assert_double_eq(number_at(surface->json, "rows.total"), 210000);
	/* A quarter of the rows knows the mean over all to a percent or so. */
	size_t n;
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve", id));
	const double *loss = curve_series(curve, "train_loss", &n);
	for (size_t k = 0; k < n; k++) {
		ck_assert_double_eq_tol(entry(surface, "path.value", k), loss[k], 0.03 * loss[k]);
	}
	finish(server);
}
END_TEST

START_TEST(values_that_are_not_finite_are_null_and_counted)
{
	struct server *server = server_start(NULL);
	const struct reply *job =
		job_run(server, "{\"model\": {\"type\": \"expression\", \"objective\": \"x - log(x) + (y - 2)**2\", "
				"\"parameters\": {\"x\": 2.385, \"y\": 1}}, \"optimizer\": {\"type\": \"lbfgs\"}}");
	const struct reply *surface =
		surface_of(server, string_at(job->json, "id"), "?x_min=-1&x_max=1&y_min=0&y_max=3");
	expect(surface, 200);
	/* Half of a hundred columns lie left of 0. */
	ck_assert_double_eq(number_at(surface->json, "nonfinite.NaN"), 5000);
	ck_assert_double_eq(number_at(surface->json, "nonfinite.Infinity"), 0);
	ck_assert(cJSON_IsNull(get_at(surface->json, "values.3.49")));
	ck_assert(cJSON_IsNumber(get_at(surface->json, "values.3.50")));
	ck_assert_double_eq_tol(number_at(surface->json, "minimum.value"), 1, 0.01);
	finish(server);
}
END_TEST

START_TEST(what_has_no_surface_says_why)
{
	struct server *server = server_start(NULL);
	const char *id = string_at(job_run(server, VALLEY(""))->json, "id");
	const char *const wrong[][2] = {
		{ "?points=9999", "points" },    { "?points=1000001", "points" },  { "?points=many", "points" },
		{ "?x_min=nan", "x_min" },       { "?x_min=", "x_min" },           { "?y_max=1e31", "y_max" },
		{ "?y_max=1e999", "y_max" },     { "?x_min=0x1p3", "x_min" },      { "?x_min=1-2", "x_min" },
		{ "?x_min=2&x_max=2", "x_max" }, { "?y_min=3&y_max=-2", "y_max" },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct reply *reply = surface_of(server, id, wrong[i][0]);
		expect_problem(reply, 400, "bad-query");
		ck_assert_str_eq(string_at(reply->json, "errors.0.parameter"), wrong[i][1]);
	}
	expect_problem(surface_of(server, id, "?columns=3"), 400, "bad-query");
	expect_problem(surface_of(server, "job_none", ""), 404, "not-found");
	const struct reply *job = job_run(server, "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
						  "\"initial_point\": [1, 2, 0.385]}, \"training\": {\"steps\": 3}}");
	const struct reply *reply = surface_of(server, string_at(job->json, "id"), "");
	expect_problem(reply, 422, "invalid");
	ck_assert_ptr_nonnull(strstr(string_at(reply->json, "detail"), "3 parameters"));
	/* A sum over more rows than are gone through, and a dataset that has gone. */
	job = job_run(server,
		      "{\"dataset\": {\"generator\": {\"type\": \"linear\", \"rows\": 30000, \"features\": 1}}, "
		      "\"model\": {\"type\": \"linear_regression\"}, \"optimizer\": {\"type\": \"sgd\", \"reduction\": "
		      "\"sum\", \"learning_rate\": 1e-9}, \"training\": {\"epochs\": 1}}");
	reply = surface_of(server, string_at(job->json, "id"), "?points=1000000");
	expect_problem(reply, 422, "invalid");
	ck_assert_ptr_nonnull(strstr(string_at(reply->json, "detail"), "points=66666"));
	expect(surface_of(server, string_at(job->json, "id"), ""), 200);
	/* Nor is what couples rows the same function of some of them. */
	job = job_run(
		server,
		"{\"dataset\": {\"generator\": {\"type\": \"linear\", \"rows\": 3000, \"features\": 1}}, "
		"\"model\": {\"type\": \"expression\", \"objective\": \"logsumexp((y - a*x - b)**2)\", "
		"\"parameters\": {\"a\": 0.385, \"b\": 1}}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": "
		"1e-3}, \"training\": {\"steps\": 2}}");
	reply = surface_of(server, string_at(job->json, "id"), "?points=1000000");
	expect_problem(reply, 422, "invalid");
	ck_assert_ptr_nonnull(strstr(string_at(reply->json, "detail"), "points=666666"));
	const char *dataset = dataset_upload_text(server, "x,y\n1,2\n2,3.5\n3,6\n", "target=y");
	job = job_run(server, text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"linear_regression\"}}",
				      dataset));
	expect(surface_of(server, string_at(job->json, "id"), ""), 200);
	expect(client_delete(server, text_of("/v1/datasets/%s", dataset)), 204);
	expect_problem(surface_of(server, string_at(job->json, "id"), ""), 409, "conflict");
	finish(server);
}
END_TEST

START_TEST(a_job_that_runs_and_the_run_shown_of_several_have_one)
{
	struct server *server = server_start(NULL);
	const char *id = job_post(
		server, "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, "
			"1]}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-9}, \"training\": {\"steps\": "
			"100000000000}, \"stopping\": {\"gradient_norm\": null, \"loss_change\": null, "
			"\"parameter_change\": null}}");
	const struct reply *surface = surface_of(server, id, "");
	expect(surface, 200);
	ck_assert_double_eq(entry(surface, "path.x", 0), -1.2);
	ck_assert_ptr_nonnull(reply_header(surface, "Retry-After"));
	client_post(server, text_of("/v1/jobs/%s/cancel", id), "");
	job_wait(server, id);
	const struct reply *job = job_run(
		server, "{\"model\": {\"type\": \"function\", \"function\": \"rastrigin\", \"initial_point\": [3.1, "
			"2.385]}, \"optimizer\": {\"type\": \"lbfgs\"}, \"training\": {\"restarts\": 7, \"seed\": 3}, "
			"\"recording\": {\"parameters\": true}}");
	surface = surface_of(server, string_at(job->json, "id"), "");
	expect(surface, 200);
	const size_t best = (size_t)number_at(job->json, "best_restart"), n = length_of(surface, "path.x");
	ck_assert_double_eq(entry(surface, "path.step", 0), 0);
	ck_assert_double_eq(entry(surface, "path.x", 0), number_at(job->json, text_of("restarts.%zu.start.0", best)));
	ck_assert_double_eq(entry(surface, "path.y", n - 1), number_at(job->json, text_of("restarts.%zu.end.1", best)));
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("surface");
	TCase *tcase = tcase_create("surface");
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_grid_lies_around_the_recorded_path);
	tcase_add_test(tcase, a_range_and_a_number_of_points_can_be_given);
	tcase_add_test(tcase, a_linear_model_and_a_formula_on_data_have_theirs);
	tcase_add_test(tcase, the_same_numbers_come_as_npz);
	if (blackbox_patience() <= 10) { /* 500 million rows on one thread: nothing to race, and slow to be watched */
		tcase_add_test(tcase, many_rows_are_sampled_and_the_answer_says_so);
	}
	tcase_add_test(tcase, values_that_are_not_finite_are_null_and_counted);
	tcase_add_test(tcase, what_has_no_surface_says_why);
	tcase_add_test(tcase, a_job_that_runs_and_the_run_shown_of_several_have_one);
	suite_add_tcase(suite, tcase);
	return blackbox_run(suite);
}
