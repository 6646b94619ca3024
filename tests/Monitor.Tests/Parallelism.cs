// Several monitors in one process share its table of descriptors, which in use each has for itself: one after the other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
