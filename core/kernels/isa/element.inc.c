/* Element-wise kernels. y may be x: IVDEP says that no element depends on another. Included by all.inc.c. */

static void NAME(relu)(size_t n, const REAL *x, REAL *y)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		y[i] = x[i] < 0 ? 0 : x[i];
	}
}

static void NAME(tanh)(size_t n, const REAL *x, REAL *y)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		y[i] = NAME(tanh_one)(x[i]);
	}
}

static void NAME(sigmoid)(size_t n, const REAL *x, REAL *y)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		y[i] = NAME(sigmoid_one)(x[i]);
	}
}

static void NAME(exp)(size_t n, const REAL *x, REAL *y)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		y[i] = NAME(exp_one)(x[i]);
	}
}

static void NAME(log)(size_t n, const REAL *x, REAL *y)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		y[i] = NAME(log_one)(x[i]);
	}
}

static void NAME(relu_back)(size_t n, const REAL *y, const REAL *dy, REAL *dx)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		dx[i] = y[i] > 0 ? dy[i] : 0;
	}
}

static void NAME(tanh_back)(size_t n, const REAL *y, const REAL *dy, REAL *dx)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		dx[i] = dy[i] * (1 - y[i] * y[i]);
	}
}

static void NAME(sigmoid_back)(size_t n, const REAL *y, const REAL *dy, REAL *dx)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		dx[i] = dy[i] * (y[i] * (1 - y[i]));
	}
}

static void NAME(add)(size_t n, const REAL *x, REAL *y)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		y[i] += x[i];
	}
}

static void NAME(axpy)(size_t n, REAL a, const REAL *x, REAL *y)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		y[i] += a * x[i];
	}
}

static void NAME(combine)(size_t n, REAL a, const REAL *x, REAL b, const REAL *y, REAL *out)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		out[i] = a * x[i] + b * y[i];
	}
}

static void NAME(axpy_sign)(size_t n, REAL a, const REAL *x, REAL *y)
{
	IVDEP for (size_t i = 0; i < n; i++)
	{
		REAL signed_a = WITH_SIGN(a, a < 0 ? -x[i] : x[i]);
		y[i] += x[i] == 0 ? 0 : signed_a;
	}
}

static void NAME(scale)(size_t n, REAL a, REAL *x)
{
	for (size_t i = 0; i < n; i++) {
		x[i] *= a;
	}
}

static void NAME(clamp)(size_t n, REAL limit, REAL *x)
{
	for (size_t i = 0; i < n; i++) {
		REAL low = x[i] < -limit ? -limit : x[i];
		x[i] = low > limit ? limit : low;
	}
}
