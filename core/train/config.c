#include "core/train/config.h"

bool train_full_batch(const struct training_config *training, uint64_t rows)
{
	return training->batch_size == 0 || training->batch_size >= rows;
}

uint64_t train_steps_per_epoch(const struct training_config *training, uint64_t rows)
{
	if (train_full_batch(training, rows)) {
		return 1;
	}
	return rows / training->batch_size + (rows % training->batch_size != 0);
}

uint64_t train_steps_total(const struct training_config *training, uint64_t rows)
{
	uint64_t total = UINT64_MAX;
	if (training->epochs != 0 &&
	    __builtin_mul_overflow(training->epochs, train_steps_per_epoch(training, rows), &total)) {
		total = UINT64_MAX;
	}
	return training->steps != 0 && training->steps < total ? training->steps : total;
}
