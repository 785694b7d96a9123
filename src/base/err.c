/* The error table, and the one function that fills `struct pk_why`. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const struct pk_err_info infos[PK_ERR_COUNT] = {
	[PK_OK] = {"OK", "", "", "", "nothing was refused"},
#define PK_ERR(name, blame, reference, fault, sentence)                                            \
	[PK_ERR_##name] = {#name, #blame, reference, fault, sentence},
#include "proofkey_err.def"
#undef PK_ERR
};

const struct pk_err_info *pk_err_info(enum pk_err err)
{
	return &infos[(unsigned)err < PK_ERR_COUNT ? err : PK_ERR_ARGUMENT];
}

/* The evidence quotes what operators and providers wrote: no byte of it may move a terminal's
 * cursor or be half a character. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

enum pk_err pk_refuse(struct pk_why *why, enum pk_err err, const char *parameter,
		      const char *format, ...)
{
	va_list args;

	if (!why)
		return err;
	*why = (struct pk_why){.err = err, .parameter = parameter};
	va_start(args, format);
	(void)vsnprintf(why->detail, sizeof(why->detail), format, args);
	va_end(args);
	make_printable(why->detail);
	return err;
}

enum pk_err pk_space(struct pk_why *why, enum pk_err err)
{
	if (err != PK_ERR_NO_SPACE)
		return err;
	return pk_refuse(why, err, NULL, "the arena is full");
}
