/* Which store an address is of: the table of the stores. */
#include "vault/store.h"
#include "base/text.h"

static const struct store_ops *const stores[] = {
	&store_sqlite,
	&store_postgres,
	&store_redis,
};

const struct store_ops *store_for(const char *address)
{
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		for (size_t j = 0; j < 4 && stores[i]->schemes[j]; j++)
			if (pk_str_starts(pk_str(address), pk_str(stores[i]->schemes[j])))
				return stores[i];
	return NULL;
}
