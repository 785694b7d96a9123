/* Values that were put into a form, or a query, without being encoded. */
#ifndef EXPLAIN_RULES_BODY_H
#define EXPLAIN_RULES_BODY_H

#include "explain/rule.h"

/* Whether `meant` stands in `text`, a body or a URL, character for character where the value of
 * `param` begins, and is read as something else there. */
bool body_holds_raw(struct pk_str text, const struct flow_param *param, struct pk_str meant);

/* Whether that is so in the body of the token request, and was not brought about by decoding the
 * value once too often before it was encoded, which can leave the same characters. */
bool body_was_joined(const struct flow *flow, const char *name, struct pk_str meant);

/* Whether the body tells encoding from joining at all: another value in it was encoded, or cannot
 * have been. */
bool body_tells(const struct flow *flow, const char *name);

rule_fn look_body_not_encoded;

#endif
