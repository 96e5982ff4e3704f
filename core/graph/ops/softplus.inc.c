/* Part of workers of losses: what a number costs with its slope, and softplus, of which several are made. */
struct NAME(loss_value) {
	WIDE loss, slope;
};

/* log(1 + exp(x)) and its derivative, the logistic function; neither overflows. */
static struct NAME(loss_value) NAME(loss_softplus)(WIDE x)
{
	const WIDE small = WIDE_M(exp)(-WIDE_M(fabs)(x));
	return (struct NAME(loss_value)){ (RE(x) > 0 ? x : 0) + WIDE_M(log1p)(small),
					  RE(x) >= 0 ? 1 / (1 + small) : small / (1 + small) };
}
