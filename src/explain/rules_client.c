/* The client: who it says it is, and how it proves it. */
#include "explain/rule.h"

const struct rule rules_client[] = {
	{NULL, NULL, false},
};
