/* What the two ways of writing a report share: the words for confidence, and which of a secret is
 * written. */
#ifndef EXPLAIN_REPORT_H
#define EXPLAIN_REPORT_H

#include "explain/redact.h"
#include "proofkey_explain.h"

/* "proved", "likely", "possible" */
const char *report_confidence(enum pk_confidence confidence);

/* `value`, which is the evidence's `got` or `want`, as it may be seen: shortened into `memory`
 * where it is a secret. It still has to be tamed. */
struct pk_str report_value(const struct pk_evidence *evidence, struct pk_str value,
			   bool show_secrets, char memory[static REDACT_MAX]);

#endif
