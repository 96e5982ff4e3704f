/* Forms: the sizes that a step works on and the loops that follow from them, which most steps have in common. */
#include <stdlib.h>
#include <string.h>

#include "core/tensor/layout.h"

static bool form_equal(const struct form *a, const struct form *b)
{
	const struct walk *x = &a->walk, *y = &b->walk;
	bool equal = a->element == b->element && memcmp(a->slice, b->slice, sizeof a->slice) == 0 &&
		     x->dims == y->dims && x->rowed == y->rowed &&
		     memcmp(x->extent, y->extent, sizeof x->extent) == 0 &&
		     memcmp(x->stride, y->stride, sizeof x->stride) == 0;
	for (size_t k = 0; equal && k < 4; k++) {
		equal = shape_equal(&a->shape[k], &b->shape[k]);
	}
	return equal;
}

/* Looked for among the newest: that there are two alike does no harm. */
const struct form *program_form(struct program *program, const struct form *form)
{
	struct form_block *block = program->forms;
	for (size_t i = block == NULL ? 0 : block->forms; i-- > 0;) {
		if (form_equal(&block->form[i], form)) {
			return &block->form[i];
		}
	}
	if (block == NULL || block->forms == FORMS_OF_BLOCK) {
		block = malloc(sizeof *block);
		if (block == NULL) {
			return NULL;
		}
		block->next = program->forms;
		block->forms = 0;
		program->forms = block;
	}
	block->form[block->forms] = *form;
	return &block->form[block->forms++];
}

/* Loops of an element-wise operation: dimensions that lie alike in all operands become one. */
static void find_walk(struct form *form)
{
	struct walk *walk = &form->walk;
	const struct shape *out = &form->shape[3];
	uint32_t extent[3], stride[4][3], dims = 0;
	if (out->rowed) {
		extent[dims] = 1;
		for (size_t k = 0; k < 4; k++) {
			stride[k][dims] = form->shape[k].rowed ? (uint32_t)shape_size(&form->shape[k]) : 0;
		}
		dims++;
	}
	for (size_t d = 0; d < out->rank; d++, dims++) {
		extent[dims] = (uint32_t)out->extent[d];
		for (size_t k = 0; k < 4; k++) {
			const struct shape *shape = &form->shape[k];
			size_t lead = out->rank - d; /* counted from the last dimension */
			stride[k][dims] = 0;
			if (lead <= shape->rank && shape->extent[shape->rank - lead] != 1) {
				stride[k][dims] = 1;
				for (size_t e = shape->rank - lead + 1; e < shape->rank; e++) {
					stride[k][dims] *= (uint32_t)shape->extent[e];
				}
			}
		}
	}
	walk->rowed = out->rowed;
	walk->dims = 0;
	for (size_t d = 0; d < dims; d++) {
		bool alike = walk->dims > 0;
		size_t last = walk->dims - 1;
		for (size_t k = 0; alike && k < 4; k++) {
			alike = walk->stride[k][last] == stride[k][d] * extent[d];
		}
		if (alike || (extent[d] == 1 && d > 0)) {
			walk->extent[last] *= alike ? extent[d] : 1;
			for (size_t k = 0; alike && k < 4; k++) {
				walk->stride[k][last] = stride[k][d];
			}
			continue;
		}
		walk->extent[walk->dims] = extent[d];
		for (size_t k = 0; k < 4; k++) {
			walk->stride[k][walk->dims] = stride[k][d];
		}
		walk->dims++;
	}
}

/* Looked for among the newest before it is made: its loops follow from the shapes. */
const struct form *layout_form(struct layout *layout, const struct tensor_node *node)
{
	static const struct shape none;
	const struct shape *shape[4] = { &none, &none, &none, &node->shape };
	const struct form_block *block = layout->program->forms;
	for (size_t k = 0; k < tensor_arity(node->op); k++) {
		shape[k] = &layout->graph->node[node->input[k]].shape;
	}
	for (size_t i = block == NULL ? 0 : block->forms; i-- > 0;) {
		const struct form *known = &block->form[i];
		bool equal = known->element == tensor_is_element(node->op) && shape_equal(shape[3], &known->shape[3]) &&
			     memcmp(known->slice, node->at, sizeof known->slice) == 0;
		for (size_t k = 0; equal && k < 3; k++) {
			equal = shape_equal(shape[k], &known->shape[k]);
		}
		if (equal) {
			return known;
		}
	}
	struct form form = { .element = tensor_is_element(node->op) };
	memcpy(form.slice, node->at, sizeof form.slice);
	for (size_t k = 0; k < 4; k++) {
		form.shape[k] = *shape[k];
	}
	if (form.element) {
		find_walk(&form);
	}
	return program_form(layout->program, &form);
}
