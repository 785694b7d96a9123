/* Looking for what was sent in what came back. */
#include "gateway/echo.h"
#include "base/text.h"

#define SECRET_MIN 8 /* characters */

static bool begins_with(struct pk_str text, struct pk_str secret)
{
	size_t at = 0;

	for (size_t i = 0; i < text.len && at < secret.len; i++) {
		if (text.ptr[i] == secret.ptr[at])
			at++;
		else if (text.ptr[i] != '\\')
			return false;
	}
	return at == secret.len;
}

bool echo_has(struct pk_str text, struct pk_str secret)
{
	if (secret.len < SECRET_MIN)
		return false;
	for (size_t i = 0; i + secret.len <= text.len; i++)
		if (text.ptr[i] == secret.ptr[0] && begins_with(pk_str_from(text, i), secret))
			return true;
	return false;
}
