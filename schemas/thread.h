/*
 * Thread: how the threads that work beside the loop stand behind it.
 */
#ifndef SCHEMAS_THREAD_H
#define SCHEMAS_THREAD_H

/* For the calling thread: so many steps (of `nice`) behind the thread that created it, which goes on
 * first where there are fewer processors than threads with work. Nothing happens where the system
 * refuses. */
void thread_stand_back(int steps);

#define THREAD_STORE 5 /* answers wait for it */
#define THREAD_LATER 10 /* plans, queries, files: seconds do not matter */

#endif
