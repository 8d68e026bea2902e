"""The two-Region local cloud: one emulator process per Region, and what AWS has that the emulator lacks.

This package shares its import name with LocalStack's own Python code. Keep this file, and never install that
package in the same environment.
"""
