/* PKCE missing on one side. */
#include "explain/rule.h"

const struct rule rules_pkce[] = {
	{NULL, NULL, false},
};
