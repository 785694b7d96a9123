/* The pair: verifier and challenge. Provable from the authorize and the token request alone. */
#include "explain/rule.h"

const struct rule rules_pair[] = {
	{NULL, NULL, false},
};
