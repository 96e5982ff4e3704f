/* What the tests of answers share: reading them, and a small card. */
#ifndef TESTS_API_ANSWER_SUPPORT_H
#define TESTS_API_ANSWER_SUPPORT_H

#include <cjson/cJSON.h>

#include "api/model_card.h"
#include "api/text.h"
#include "tests/support/suite.h"

static inline const cJSON *get(const cJSON *json, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
	ck_assert_msg(item != NULL, "no %s", key);
	return item;
}

static inline cJSON *parse(const struct text *text)
{
	ck_assert(!text_failed(text));
	cJSON *json = cJSON_Parse(text->data);
	ck_assert_msg(json != NULL, "%s", text->data);
	return json;
}

/* Two features, classes no/yes or numbers, one weight a feature and a bias. */
static inline struct model_card *make_card(size_t classes, bool numbers, enum dtype dtype)
{
	struct job_spec spec = { .feature_count = 2,
				 .feature = (char *[]){ "a", "b\"" },
				 .target_count = 1,
				 .target = (char *[]){ "t" },
				 .class_count = classes,
				 .class_text = (char *[]){ "3", "7", "x" },
				 .class_number = numbers ? (double[]){ 3, 7, 8 } : NULL };
	struct tensor tensor[2] = { { .name = "weight", .rank = 2, .shape = { 2, 1 }, .size = 2, .offset = 0 },
				    { .name = "bias", .rank = 1, .shape = { 1 }, .size = 1, .offset = 2 } };
	struct objective objective = { .dtype = dtype, .n = 3, .tensors = 2, .tensor = tensor };
	struct model_card *card;
	ck_assert_int_eq(model_card_create(&spec, &objective, (double[]){ 2.385, 10 }, (double[]){ 0.5, 4 }, &card),
			 OK);
	return card;
}

#endif
