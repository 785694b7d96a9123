/* The rules of the code, in the files that look at it; and what they share. */
#ifndef EXPLAIN_RULES_CODE_H
#define EXPLAIN_RULES_CODE_H

#include "explain/rule.h"

/* rules_code_use.c: what became of the code, byte for byte as it was given */
rule_fn look_code_prefetched;
rule_fn look_code_two_for_one_state;
rule_fn look_code_reused;
rule_fn look_code_expired;

/* The code of the token request and that of the callback, each decoded once; "not given" where the
 * capture does not have it. */
struct pk_str code_sent(const struct flow *flow);
struct pk_str code_given(const struct flow *flow);

/* The verdict where the provider's words are all there is. */
enum verdict code_by_words(const struct flow *flow, struct pk_finding *finding, const char *fault);

#endif
