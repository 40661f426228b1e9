package hot

// Pins is the number of clients noted.
func Pins(c *Cache) (n int) {
	for i := range c.pins.shards {
		n += len(c.pins.shards[i].young) + len(c.pins.shards[i].old)
	}
	return n
}
