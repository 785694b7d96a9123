/* The one place that decides whether a secret is written out: where the caller asked for it. */
#include "explain/report.h"

static const char *const confidences[] = {
	[PK_PROVED] = "proved",
	[PK_LIKELY] = "likely",
	[PK_POSSIBLE] = "possible",
};

const char *report_confidence(enum pk_confidence confidence)
{
	return confidences[confidence];
}

struct pk_str report_value(const struct pk_evidence *evidence, struct pk_str value,
			   bool show_secrets, char memory[static REDACT_MAX])
{
	return evidence->secret && !show_secrets ? redact(value, memory) : value;
}
