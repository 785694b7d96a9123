/* Who may sign in: the allow-list. */
#ifndef GATEWAY_ALLOW_H
#define GATEWAY_ALLOW_H

#include "gateway/settings.h"

/* Whether a pattern of the list matches: an e-mail pattern, or a subject pattern, which is "*" or
 * LOGIN/SUBJECT with stars in either part. */
bool allow_passes(const struct settings *settings, struct pk_str login,
		  const struct pk_identity *identity);

/* Whether `text` matches `pattern`, in which * stands for any characters, none included. ASCII
 * letters match in both cases when `fold` is set. */
bool allow_matches(struct pk_str pattern, struct pk_str text, bool fold);

#endif
