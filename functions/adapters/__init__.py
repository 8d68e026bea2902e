"""One file per technology and port; the only boto3. memory.py holds the twin of each port."""
