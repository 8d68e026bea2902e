"""The parts of the model server: answers by script and by rule, token counts, faults, and the chat protocol around
them.
"""
