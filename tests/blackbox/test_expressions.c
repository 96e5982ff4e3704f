/* POST /v1/expressions/evaluate: golden values and gradients through HTTP, and what a bad expression answers. */
#include <stdio.h>
#include <string.h>

#include "tests/blackbox/client.h"
#include "tests/blackbox/exact.h"
#include "tests/support/golden_losses.h"
#include "tests/support/suite.h"

static const struct reply *evaluate(const struct server *server, const char *text, const cJSON *variables)
{
	cJSON *body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "expression", text);
	if (variables != NULL) {
		cJSON_AddItemToObject(body, "variables", cJSON_Duplicate(variables, true));
	}
	return client_post(server, "/v1/expressions/evaluate", exact_take(body));
}

START_TEST(golden_expressions_have_their_values_and_gradients_through_http)
{
	struct server *server = server_start(NULL);
	cJSON *golden = golden_load("golden/expressions/expressions.json");
	double tolerance = golden_number(golden, "tolerance");
	for (const cJSON *c = golden_get(golden, "expressions")->child; c != NULL; c = c->next) {
		for (const cJSON *p = golden_get(c, "points")->child; p != NULL; p = p->next) {
			const struct reply *reply = evaluate(server, golden_string(c, "expr"), golden_get(p, "vars"));
			expect(reply, 200);
			double value = golden_number(p, "value"), answer = number_at(reply->json, "value");
			ck_assert(golden_close(&answer, &value, 1, tolerance));
			for (const cJSON *g = golden_get(p, "grad")->child; g != NULL; g = g->next) {
				size_t n, m;
				double *wanted = golden_numbers(g, &n);
				double *given = golden_array(golden_get(reply->json, "gradient"), g->string, &m);
				ck_assert_uint_eq(n, m);
				ck_assert(golden_close(given, wanted, n, tolerance));
				free(wanted);
				free(given);
			}
		}
	}
	cJSON_Delete(golden);
	finish(server);
}
END_TEST

/* Gradients by what a case does not differentiate by are not looked at. */
static void check_loss(const struct server *server, const cJSON *entry, const char *text, double tolerance)
{
	cJSON *variables = golden_loss_variables(entry);
	const struct reply *reply = evaluate(server, text, variables);
	expect(reply, 200);
	double value = golden_loss_value(entry), answer = number_at(reply->json, "value");
	ck_assert_msg(golden_close(&answer, &value, 1, tolerance), "%s is %.17g, not %.17g", text, answer, value);
	for (const cJSON *g = golden_get(entry, "grad")->child; g != NULL; g = g->next) {
		size_t n, m;
		double *wanted = golden_array(g, "data", &n);
		double *given = golden_array(golden_get(reply->json, "gradient"), golden_loss_name(g->string), &m);
		ck_assert_uint_eq(n, m);
		ck_assert_msg(golden_close(given, wanted, n, tolerance), "%s: d/d%s", text, g->string);
		free(wanted);
		free(given);
	}
	cJSON_Delete(variables);
}

START_TEST(golden_losses_have_their_values_and_gradients_through_http)
{
	static const char *const names[] = { "losses_a", "losses_b" };
	struct server *server = server_start(NULL);
	for (size_t f = 0; f < 2; f++) {
		char path[128];
		snprintf(path, sizeof path, "golden/losses_layers/%s.json", names[f]);
		cJSON *golden = golden_load(path);
		const cJSON *entry;
		cJSON_ArrayForEach(entry, golden_get(golden, "cases"))
		{
			size_t checked = 0;
			for (size_t i = 0; i < GOLDEN_LOSSES; i++) {
				if (strcmp(golden_losses[i].name, golden_string(entry, "name")) == 0) {
					check_loss(server, entry, golden_losses[i].text,
						   golden_number(golden, "tolerance"));
					checked++;
				}
			}
			ck_assert_uint_gt(checked, 0);
		}
		cJSON_Delete(golden);
	}
	finish(server);
}
END_TEST

START_TEST(what_must_be_rejected_answers_422_with_a_position)
{
	struct server *server = server_start(NULL);
	cJSON *golden = golden_load("golden/expressions/expressions.json");
	cJSON *variables = cJSON_Parse("{\"x\":0.7,\"y\":-1.3,\"u\":[0.5,-1.2,2.1],\"p\":[0.1,0.9,-0.6,1.7]}");
	for (const cJSON *c = golden_get(golden, "must_be_rejected")->child; c != NULL; c = c->next) {
		const struct reply *reply = evaluate(server, golden_string(c, "expr"), variables);
		const cJSON *fault = expect_fault(reply, "/expression", NULL);
		ck_assert(cJSON_IsNumber(cJSON_GetObjectItem(fault, "position")));
	}
	const cJSON *fault =
		expect_fault(evaluate(server, "'\xc3\xa4' + sne(x)", variables), "/expression", "not_found");
	ck_assert_int_eq((int)number_at(fault, "position"), 0);
	fault = expect_fault(evaluate(server, "x + 'x' * sne(x)", variables), "/expression", "not_found");
	ck_assert_int_eq((int)number_at(fault, "position"), 10);
	ck_assert_str_eq(string_at(fault, "suggestion"), "sin");
	cJSON_Delete(variables);
	cJSON_Delete(golden);
	finish(server);
}
END_TEST

START_TEST(bad_variables_are_pointed_at)
{
	struct server *server = server_start(NULL);
	const char *path = "/v1/expressions/evaluate";
	expect_fault(client_post(server, path, "{}"), "/expression", "missing");
	expect_fault(client_post(server, path, "{\"expression\":\"x\",\"variables\":3}"), "/variables", "wrong_type");
	expect_fault(client_post(server, path, "{\"expression\":\"x\",\"variables\":{\"x\":\"1\"}}"), "/variables/x",
		     "wrong_type");
	expect_fault(client_post(server, path, "{\"expression\":\"x[0,0]\",\"variables\":{\"x\":[[1,2],[3]]}}"),
		     "/variables/x/1", "wrong_type");
	expect_fault(client_post(server, path, "{\"expression\":\"e\",\"variables\":{\"e\":1}}"), "/variables/e",
		     "not_allowed");
	expect_fault(client_post(server, path, "{\"expression\":\"x\",\"variables\":{\"x\":[]}}"), "/variables/x",
		     "out_of_range");
	expect_fault(client_post(server, path, "{\"expression\":\"1\",\"point\":{}}"), "/point", "unknown_field");
	const struct reply *reply = client_post(server, path, "{\"expression\":\"log(x)\",\"variables\":{\"x\":0}}");
	expect(reply, 200);
	ck_assert(cJSON_IsNull(get_at(reply->json, "value")));
	ck_assert_str_eq(string_at(reply->json, "nonfinite.0.value"), "-Infinity");
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blackbox/expressions");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, golden_expressions_have_their_values_and_gradients_through_http);
	tcase_add_test(tests, golden_losses_have_their_values_and_gradients_through_http);
	tcase_add_test(tests, what_must_be_rejected_answers_422_with_a_position);
	tcase_add_test(tests, bad_variables_are_pointed_at);
	return blackbox_run(suite);
}
