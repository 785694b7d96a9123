/*
 * A rule looks for one fault in a flow. It is a few lines: it says whether the fault is there, how sure that is, and shows the
 * evidence. What it cannot see it must not say.
 */
#ifndef EXPLAIN_RULE_H
#define EXPLAIN_RULE_H

#include "explain/flow.h"

enum verdict {
	NOT_VISIBLE, /* what the rule looks at is not in the capture */
	ABSENT,      /* looked, and it is not there */
	PRESENT,     /* it is there: `finding` is filled */
	WEAKNESS,    /* it is there and makes no login fail: said where no cause is known */
};

/* Fills confidence, detail and evidence of `finding`; its fault is set by the caller. */
typedef enum verdict rule_fn(const struct flow *flow, struct pk_finding *finding);

struct rule {
	const char *fault;
	rule_fn *look;
	bool after_success; /* it is a fault even in a flow that the provider accepted */
};

/* The rules of one section of the fault list, in the order in which the more special comes before the more general. */
extern const struct rule rules_pair[]; /* each ends with a row of NULLs */
extern const struct rule rules_pkce[];
extern const struct rule rules_pkce_refresh[]; /* what of it comes after the login */
extern const struct rule rules_code[];
extern const struct rule rules_redirect[];
extern const struct rule rules_client[];
extern const struct rule rules_request[];
extern const struct rule rules_state[];
extern const struct rule rules_pushed[];
extern const struct rule rules_dpop[];
extern const struct rule rules_after[];
extern const struct rule rules_id_token[];
extern const struct rule rules_metadata[];
extern const struct rule rules_logout[];
extern const struct rule rules_server[];

/* What makes no login fail: behind all that does. */
extern const struct rule rules_pair_aside[];

/* Evidence: what was got and, if it can be said, what was wanted. */
void show(struct pk_finding *finding, const struct flow_part *part, const char *parameter,
	  struct pk_str got, struct pk_str want);
void show_secret(struct pk_finding *finding, const struct flow_part *part, const char *parameter,
		 struct pk_str got, struct pk_str want);

#endif
