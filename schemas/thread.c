#include "schemas/thread.h"

#include <sys/resource.h>
#include <unistd.h>

/* Linux keeps `nice` by thread, whatever POSIX says of it. */
void thread_stand_back(int steps)
{
	id_t self = (id_t)gettid();

	setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + steps);
}
