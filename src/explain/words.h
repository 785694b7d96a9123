/*
 * The provider's own words, last and least: what its error says about the cause. Texts are often merged or wrong, so words alone
 * make nothing proved; they make one of several possible causes likely, or an unprovable one possible.
 */
#ifndef EXPLAIN_WORDS_H
#define EXPLAIN_WORDS_H

#include "explain/flow.h"

enum words {
	WORDS_SILENT, /* they do not speak of this fault, or there are none */
	WORDS_ALLOW,  /* this provider says the same for several causes, and this is one of them */
	WORDS_NAME,   /* they are said for this fault alone */
};

/* What the words of this flow (of the token reply, the callback or the authorize answer, in this order) say of `fault`. `ret_text`
 * (may be NULL) is what was said, error and description. */
enum words words_on(const struct flow *flow, const char *fault, struct pk_str *ret_text);

/* The same, and shows what was said, in the event that said it. */
enum words words_show(const struct flow *flow, const char *fault, struct pk_finding *finding);

/* Whether the words are known, and are said for other faults alone. */
bool words_deny(const struct flow *flow, const char *fault);

/* The confidence that words alone can give. */
enum pk_confidence words_confidence(enum words words);

#endif
