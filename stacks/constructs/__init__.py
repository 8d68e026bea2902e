"""The parts that the stacks are put together from: one file for each thing that an operator has a word for."""
