/* Where a browser may be sent after a login: never off the allowed origins. */
#ifndef GATEWAY_RETURN_TO_H
#define GATEWAY_RETURN_TO_H

#include "gateway/settings.h"

#define RETURN_TO_MAX 1024

/*
 * Writes the absolute URL of `text`, at most RETURN_TO_MAX bytes of it: a path on public_url, or a
 * URL on public_url or on one of `return_to_origins`. An absent or empty text is "/". False for
 * everything else: another origin in whatever spelling, control characters, backslashes, too long.
 */
bool return_to_write(const struct settings *settings, struct pk_str text, struct pk_buf *out);

#endif
