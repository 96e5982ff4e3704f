/*
 * Do the values of the columns fit the precision that the job computes in? What the dataset's figures tell is said when
 * the job is posted; whoever prepares the data looks at every row.
 */
#include <float.h>
#include <math.h>

#include "api/spec_dataset.h"

static const struct at at_training = { NULL, "training", 0 }, at_dtype = { &at_training, "dtype", 0 },
		       at_standardize = { &at_dataset, "standardize", 0 };

/* A column that goes into the job as it is. */
static bool judge_plain(struct judge *judge, const struct column_info *column)
{
	double most = fmax(fabs(column->minimum), fabs(column->maximum));
	if (judge->spec->train.training.dtype != DTYPE_FLOAT32 || !(most > (double)FLT_MAX)) {
		return true;
	}
	reader_fault(&judge->reader, &at_dtype, FAULT_OUT_OF_RANGE, "float64", NULL,
		     "column %.100s holds %.15g, which float32 cannot: say \"float64\"", column->name,
		     fabs(column->minimum) == most ? column->minimum : column->maximum);
	return false;
}

static bool judge_standardized(struct judge *judge, const struct column_info *column)
{
	if (isfinite(column->mean) && isfinite(column->sd)) {
		return true;
	}
	reader_fault(&judge->reader, &at_standardize, FAULT_OUT_OF_RANGE, NULL, NULL,
		     "the values of column %.100s are too large to be standardised", column->name);
	return false;
}

void judge_ranges(struct judge *judge)
{
	const struct job_spec *spec = judge->spec;
	bool fine = judge->columns_known && judge->info->rows > 0;
	for (size_t i = 0; fine && i < spec->feature_count; i++) {
		const struct column_info *column = &judge->info->column[spec->feature_column[i]];
		fine = column->kind != COLUMN_NUMBER ||
		       (spec->standardize ? judge_standardized(judge, column) : judge_plain(judge, column));
	}
	for (size_t i = 0; fine && spec->class_count == 0 && i < spec->target_count; i++) {
		const struct column_info *column = &judge->info->column[spec->target_column[i]];
		fine = column->kind != COLUMN_NUMBER || judge_plain(judge, column);
	}
}
